import Platform
import Redis
import Serving
import Settings
import Web

/// The settings of every program that serves requests.
package struct ServerSettings: Sendable {
    package let shared: SharedSettings
    package let redis: RedisSettings
    package let web: WebSettings
    /// The source of requests.
    package let source: RequestSource
    package let connections: ConnectionSettings

    /// Reads all settings.
    /// - Throws: ``SettingError`` for the first one that is missing or invalid.
    package init(_ environment: Environment) throws(SettingError) {
        redis = try RedisSettings(environment)
        shared = try SharedSettings(environment)
        web = try WebSettings(environment)
        source = try RequestSource(environment)
        connections = try ConnectionSettings(environment)
    }
}
