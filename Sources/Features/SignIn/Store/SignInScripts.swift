import Redis

/// The scripts of sign-in, each with what it shares with others before it.
struct SignInScripts: Sendable {
    let sendMagicLink = Script(Buckets.script + PackageResources.SendMagicLink_lua)
    let verifyToken = Script(Buckets.script + PackageResources.Tokens_lua + PackageResources.VerifyToken_lua)
    let verifyCode = Script(Buckets.script + PackageResources.Tokens_lua + PackageResources.VerifyCode_lua)
    let exchangeLink = Script(Buckets.script + PackageResources.Tokens_lua + PackageResources.ExchangeLink_lua)
    let inspectLink = Script(PackageResources.Tokens_lua + PackageResources.InspectLink_lua)

    var all: [Script] { [sendMagicLink, verifyToken, verifyCode, exchangeLink, inspectLink] }
}
