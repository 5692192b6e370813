import Redis

/// The Lua scripts of API keys, each with the shared functions that it needs in front of it.
struct APIKeyScripts: Sendable {
    let authenticate = Script<AuthenticateAPIKeyKey, AuthenticateAPIKeyArgument>(
        Buckets.script, PackageResources.AuthenticateAPIKey_lua)
    let refuse = Script<RefuseAPIKeyKey, RefuseAPIKeyArgument>(
        Buckets.script, PackageResources.RefuseAPIKey_lua)
    let reseal = Script<ResealAPIKeyKey, ResealAPIKeyArgument>(PackageResources.ResealAPIKey_lua)
    let new = Script<NewAPIKeyKey, NewAPIKeyArgument>(PackageResources.NewAPIKey_lua)
    let revoke = Script<RevokeAPIKeyKey, RevokeAPIKeyArgument>(PackageResources.RevokeAPIKey_lua)

    /// The scripts of programs that accept API keys.
    var ofRequests: [ScriptSource] { [authenticate.source, refuse.source] }

    /// All scripts.
    var all: [ScriptSource] { ofRequests + [reseal.source, new.source, revoke.source] }
}
