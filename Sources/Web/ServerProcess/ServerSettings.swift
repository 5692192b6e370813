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
        guard !source.isUnixSocket || web.trustedProxies.includesUnixSockets else {
            throw SettingError(
                name: "POSTERN_TRUSTED_PROXIES",
                rule:
                    "must contain unix, because the socket to listen on is a Unix socket, whose clients have no address "
                    + "of their own: the proxy behind it names them in X-Forwarded-For",
                example: "unix")
        }
    }
}
