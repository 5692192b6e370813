import MailQueue
import Redis

/// The Lua scripts of sign-in, each with the shared functions that it needs in front of it.
struct SignInScripts: Sendable {
    let sendMagicLink = Script<SendMagicLinkKey, SendMagicLinkArgument>(
        Buckets.script, MailQueue.addJobFunction, PackageResources.SendMagicLink_lua)
    let inspectLink = Script<InspectLinkKey, InspectLinkArgument>(
        Buckets.script, PackageResources.Links_lua, PackageResources.EarlierTokens_lua,
        PackageResources.InspectLink_lua)
    let exchangeLink = Script<ExchangeLinkKey, ExchangeLinkArgument>(
        Buckets.script, PackageResources.Links_lua, PackageResources.ExchangeLink_lua)
    let verifyToken = Script<VerifyTokenKey, VerifyTokenArgument>(
        Buckets.script, PackageResources.Links_lua, PackageResources.VerifyToken_lua)
    let verifyCode = Script<VerifyCodeKey, VerifyCodeArgument>(
        Buckets.script, PackageResources.Links_lua, PackageResources.VerifyCode_lua)
    let exchangeEarlier = Script<ExchangeEarlierKey, ExchangeEarlierArgument>(
        Buckets.script, PackageResources.EarlierTokens_lua, PackageResources.ExchangeEarlier_lua)
    let verifyEarlier = Script<VerifyEarlierKey, VerifyEarlierArgument>(
        Buckets.script, PackageResources.EarlierTokens_lua, PackageResources.VerifyEarlier_lua)

    /// All scripts, those for tokens of this version first.
    var all: [ScriptSource] {
        [
            sendMagicLink.source, inspectLink.source, exchangeLink.source, verifyToken.source, verifyCode.source,
            exchangeEarlier.source, verifyEarlier.source,
        ]
    }
}
