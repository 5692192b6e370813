import MailQueue
import Redis

/// The Lua scripts of sign-in, each with the shared functions that it needs in front of it.
struct SignInScripts: Sendable {
    let sendMagicLink = Script<SendMagicLinkKey, SendMagicLinkArgument>(
        Buckets.script, MailQueue.addJobFunction, PackageResources.SendMagicLink_lua)
    let inspectLink = Script<InspectLinkKey, InspectLinkArgument>(
        Buckets.script, PackageResources.Links_lua, PackageResources.InspectLink_lua)
    let exchangeLink = Script<ExchangeLinkKey, ExchangeLinkArgument>(
        Buckets.script, PackageResources.Links_lua, PackageResources.ExchangeLink_lua)
    let verifyToken = Script<VerifyTokenKey, VerifyTokenArgument>(
        Buckets.script, PackageResources.Links_lua, PackageResources.Tries_lua, PackageResources.VerifyToken_lua)
    let verifyCode = Script<VerifyCodeKey, VerifyCodeArgument>(
        Buckets.script, PackageResources.Links_lua, PackageResources.Tries_lua, PackageResources.VerifyCode_lua)

    var all: [ScriptSource] {
        [sendMagicLink.source, inspectLink.source, exchangeLink.source, verifyToken.source, verifyCode.source]
    }
}
