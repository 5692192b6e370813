import RedisClient
import Secrets

/// The scripts that requests call, each with what it shares with others before it.
struct SignInScripts: Sendable {
    let send: Script
    let verifyToken: Script
    let verifyCode: Script
    let openLink: Script
    let lookAtLink: Script

    init() throws(SecretsError) {
        let buckets = PackageResources.Buckets_lua
        let tokens = PackageResources.Tokens_lua
        send = try Script(buckets + PackageResources.SendMagicLink_lua)
        verifyToken = try Script(buckets + tokens + PackageResources.VerifyToken_lua)
        verifyCode = try Script(buckets + tokens + PackageResources.VerifyCode_lua)
        openLink = try Script(buckets + tokens + PackageResources.OpenLink_lua)
        lookAtLink = try Script(tokens + PackageResources.LookAtLink_lua)
    }

    var all: [Script] { [send, verifyToken, verifyCode, openLink, lookAtLink] }
}
