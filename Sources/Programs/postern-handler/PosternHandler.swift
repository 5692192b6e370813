import Cryptography
import Net
import Platform
import Redis
import ServerProcess
import Settings
import SignIn
import Telemetry
import Web

/// The stateless handler, which serves the public routes of sign-in.
@main
struct PosternHandler: ServerProgram {
    static let name = "postern-handler"

    let settings: ServerSettings
    private let signIn: SignInSettings
    private let metrics: SignInMetrics

    var origins: OriginPolicy { signIn.policy.origins }

    var words: [ErrorWordsFolder] { [signInWords] }

    var scripts: [ScriptSource] { SignInStore.scripts }

    static func main() { ServerProcess.run(PosternHandler.self) }

    init(_ environment: Environment, metrics registry: MetricsRegistry) throws(SettingError) {
        let settings = try HandlerSettings(environment)
        self.settings = settings.server
        signIn = settings.signIn
        metrics = SignInMetrics(registry, limits: signIn.policy.limits)
    }

    func routes(on redis: RedisClient) throws -> [Route] {
        let store = try SignInStore(
            redis: redis, policy: signIn.policy, keyPrefix: settings.redis.keyPrefix,
            secretKeys: settings.shared.secretKeys, random: .system)
        let dependencies = SignInDependencies(
            policy: signIn.policy, issuer: signIn.issuer, store: store, random: .system, metrics: metrics)
        return signInRoutes(dependencies) + [Route(.get, "/openapi.yaml", .open, PosternHandler.respondWithDescription)]
    }

    private static let description = SharedBody(PackageResources.openapi_yaml)

    /// `GET /openapi.yaml`: the description of the routes.
    private static func respondWithDescription(to context: RequestContext) async throws(HTTPError) -> Response {
        Response(status: .ok, fields: [.contentType: "application/yaml"], sharedBody: description)
    }
}
