import Platform
import Redis
import Settings
import Telemetry

/// A feature of `postern-api`: a folder with routes, rules, scripts and settings, of which the program knows only this.
package protocol Feature: Sendable {
    /// Reads the feature's settings, and registers its metrics.
    /// - Throws: ``SettingError`` for the first setting that is missing or invalid.
    init(_ setup: FeatureSetup) throws(SettingError)

    /// The feature's part of the API's description: a JSON object with members of OpenAPI 3.0.3, such as `paths` and
    /// `components`. It may refer to what the program's own part describes, such as `#/components/responses/Unauthorized`.
    static var apiDescription: StaticString { get }

    /// The words of the feature's errors. Default: none, and its errors are in English, apart from those of ``Web``.
    static var words: [ErrorWordsFolder] { get }

    /// The scripts that a new connection loads into Redis, so that the first call of each needs one round trip.
    var scripts: [ScriptSource] { get }

    /// Returns the feature's routes on one connection to Redis. Called once for each event loop.
    func routes(on redis: RedisClient) throws -> [Route]
}

extension Feature {
    package static var words: [ErrorWordsFolder] { [] }
}

/// The values that features are made from.
package struct FeatureSetup: Sendable {
    package let environment: Environment
    package let shared: SharedSettings
    package let redis: RedisSettings
    package let metrics: MetricsRegistry

    package init(
        environment: Environment, shared: SharedSettings, redis: RedisSettings, metrics: MetricsRegistry
    ) {
        self.environment = environment
        self.shared = shared
        self.redis = redis
        self.metrics = metrics
    }
}
