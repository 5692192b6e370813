import APIKeys
import Cryptography
import Net
import Platform
import Redis
import ServerProcess
import Settings
import SignInLinks
import Telemetry
import Web

/// The stateless program for trusted callers: servers, agents and people on call, who have API keys.
@main
struct PosternAPI: ServerProgram {
    static let name = "postern-api"

    let settings: ServerSettings
    private let features: [any Feature]
    private let apiKeys: APIKeySettings
    private let apiKeyMetrics: APIKeyMetrics

    /// None: no page in a browser calls these routes.
    var origins: OriginPolicy { OriginPolicy(allowed: []) }

    var words: [ErrorWordsFolder] { features.flatMap { type(of: $0).words } }

    var scripts: [ScriptSource] { APIKeyStore.scripts + features.flatMap(\.scripts) }

    static func main() { ServerProcess.run(PosternAPI.self) }

    init(_ environment: Environment, metrics: MetricsRegistry) throws(SettingError) {
        settings = try ServerSettings(environment)
        apiKeys = try APIKeySettings(environment)
        apiKeyMetrics = APIKeyMetrics(metrics, limits: apiKeys.limits)
        features = try PosternAPI.features(
            FeatureSetup(
                environment: environment, shared: settings.shared, redis: settings.redis, metrics: metrics))
    }

    /// The features of the program: one line for each.
    private static func features(_ setup: FeatureSetup) throws(SettingError) -> [any Feature] {
        [
            try SignInLinks(setup)
        ]
    }

    func authenticator(on redis: RedisClient) throws -> (any Authenticator)? {
        let store = APIKeyStore(
            redis: redis, keyPrefix: settings.redis.keyPrefix, secretKeys: settings.shared.secretKeys, random: .system)
        return APIKeyAuthenticator(store: store, settings: apiKeys, metrics: apiKeyMetrics)
    }

    func routes(on redis: RedisClient) throws -> [Route] {
        let description = APIDescription(of: features, basePath: settings.web.basePath)
        return try features.flatMap { try $0.routes(on: redis) } + [
            // The answer of authmail-relay, whose clients may call this program.
            Route(.get, "/health", .open) { _ in Response(status: .ok, json: Array(#"{"status":"ok"}"#.utf8)) }
        ] + description.routes
    }
}
