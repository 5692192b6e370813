import Platform
import Redis
import Serving
import Settings
import SignIn
import Web

/// The handler's settings.
struct HandlerSettings: Sendable {
    let shared: SharedSettings
    let redis: RedisSettings
    let web: WebSettings
    let signIn: SignInSettings
    /// The source of requests.
    let source: RequestSource

    /// Reads all settings.
    /// - Throws: ``SettingError`` for the first one that is missing or invalid.
    init(_ environment: Environment) throws(SettingError) {
        redis = try RedisSettings(environment)
        shared = try SharedSettings(environment)
        signIn = try SignInSettings(environment)
        web = try WebSettings(environment)
        source = try RequestSource(environment)
    }
}
