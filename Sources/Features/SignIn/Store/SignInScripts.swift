import Redis

/// The Lua scripts of sign-in, each with the shared functions that it needs in front of it.
struct SignInScripts: Sendable {
    let sendMagicLink = Script(Buckets.script + PackageResources.SendMagicLink_lua)
    let verifyToken = Script(Buckets.script + PackageResources.Tokens_lua + PackageResources.VerifyToken_lua)
    let verifyCode = Script(Buckets.script + PackageResources.Tokens_lua + PackageResources.VerifyCode_lua)
    let exchangeLink = Script(Buckets.script + PackageResources.Tokens_lua + PackageResources.ExchangeLink_lua)
    let inspectLink = Script(PackageResources.Tokens_lua + PackageResources.InspectLink_lua)

    var all: [Script] { [sendMagicLink, verifyToken, verifyCode, exchangeLink, inspectLink] }
}
