import Net
import Platform
import Redis
import Settings
import Telemetry
import Web

/// A program that serves requests: its settings, and its features' routes.
package protocol ServerProgram: Sendable {
    /// The program's name: in logs, and in the list of Redis' clients.
    static var name: String { get }

    /// Reads the settings, and registers the metrics.
    /// - Throws: ``SettingError`` for the first setting that is missing or invalid.
    init(_ environment: Environment, metrics: MetricsRegistry) throws(SettingError)

    var settings: ServerSettings { get }

    /// The origins whose scripts may read responses, and send requests to routes for browsers.
    var origins: OriginPolicy { get }

    /// The words of the features' errors.
    var words: [ErrorWordsFolder] { get }

    /// The scripts that a new connection loads into Redis, so that the first call of each needs one round trip.
    var scripts: [ScriptSource] { get }

    /// Returns the routes of the program's features on one connection to Redis. Called once for each event loop.
    func routes(on redis: RedisClient) throws -> [Route]

    /// Returns the authenticator of requests to routes that require an API key, on one connection to Redis; `nil` if no
    /// route does.
    func authenticator(on redis: RedisClient) throws -> (any Authenticator)?
}

extension ServerProgram {
    package func authenticator(on redis: RedisClient) throws -> (any Authenticator)? { nil }
}
