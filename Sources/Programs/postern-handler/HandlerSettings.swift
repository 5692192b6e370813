import Platform
import Redis
import Serving
import Settings
import SignIn

/// The handler's settings.
struct HandlerSettings: Sendable {
    let shared: SharedSettings
    let redis: RedisSettings
    let signIn: SignInSettings
    /// Where requests come from.
    let source: RequestSource

    /// Reads all of them.
    /// - Throws: ``SettingError`` for the first that is missing or wrong.
    init(_ environment: Environment) throws(SettingError) {
        redis = try RedisSettings(environment)
        shared = try SharedSettings(environment)
        signIn = try SignInSettings(environment)
        source = try RequestSource(environment)
    }
}
