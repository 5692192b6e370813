import Cryptography
import Foundation
import Logging
import Net
import NIOCore
import NIOPosix
import Platform
import Redis
import ServiceLifecycle
import Serving
import SignIn
import Telemetry
import TestSupport
import Web

/// A logger that discards its lines.
let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A server in this process, on a free loopback port and one event loop. It stops when its last reference is released;
/// each client holds one.
final class LiveServer: Sendable {
    let port: Int
    let loop: any EventLoop
    /// The task of the service group's `run()`.
    let run: Task<Void, any Error>
    private let services: ServiceGroup
    private let redis: RedisClient

    /// Starts a server, and waits until it listens.
    /// - Parameters:
    ///   - server: the Redis server to use; if `nil`, connections to Redis are refused.
    ///   - logger: the logger of the sign-in service.
    init(
        _ configuration: HTTPServerConfiguration = .onLoopback, redis server: RedisServer? = nil,
        logger: Logger = quiet
    ) async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let redis = try await LiveServer.client(of: server, on: loop)
        let readiness = Readiness()
        let signInService = try LiveServer.signInService(redis, readiness, logger)

        let (ports, listening) = AsyncStream<Int>.makeStream()
        let http = HTTPServer(
            configuration: configuration, group: loop,
            responders: [LoopResponder(eventLoop: loop, responder: signInService)],
            readiness: readiness, logger: quiet,
            onListening: { port in
                listening.yield(port)
                listening.finish()
            })
        let service = ServiceGroupConfiguration.ServiceConfiguration(
            service: http, successTerminationBehavior: .gracefullyShutdownGroup)
        let services = ServiceGroup(configuration: ServiceGroupConfiguration(services: [service], logger: quiet))
        let run = Task {
            defer { listening.finish() }
            try await services.run()
        }
        guard let port = await ports.first(where: { _ in true }) else {
            redis.close()
            try await run.value
            throw NotListening()
        }
        self.port = port
        self.loop = loop
        self.run = run
        self.services = services
        self.redis = redis
    }

    private static func client(of server: RedisServer?, on loop: any EventLoop) async throws -> RedisClient {
        // Nothing listens at port 1.
        let url = if let server { server.url } else { try RedisURL(parsing: "redis://127.0.0.1:1") }
        let configuration = RedisConfiguration(url: url, timeout: .seconds(60), scripts: SignInStore.scripts)
        let redis = try await loop.submit {
            try RedisClient(configuration: configuration, eventLoop: loop, logger: quiet)
        }.get()
        redis.start()
        return redis
    }

    deinit {
        run.cancel()
        redis.close()
    }

    /// A route whose response is larger than the buffers of a connection.
    private static let largeResponse = Route(.get, "/large", .open) { _ in
        Response(status: .ok, body: Array(repeating: UInt8(ascii: "x"), count: 90_000))
    }

    private static func signInService(
        _ redis: RedisClient, _ readiness: Readiness, _ logger: Logger
    ) throws -> HTTPService {
        let key = KeyRing.Entry(id: "k1", key: Secret(copying: (0..<32).map(UInt8.init)))
        let policy = SignInPolicy(
            origins: OriginPolicy(allowed: [try OriginPattern(parsing: "https://portal.example")]),
            callbackPath: try PortalPath(parsing: "/auth/callback"),
            limits: SignInLimits(client: nil, recipient: nil, deployment: nil))
        let registry = MetricsRegistry()
        let dependencies = SignInDependencies(
            policy: policy, issuer: nil,
            store: try SignInStore(
                redis: redis, policy: policy, keyPrefix: "postern:", secretKeys: [key], random: .system),
            random: .system, metrics: SignInMetrics(registry, limits: policy.limits))
        return HTTPService(
            signInRoutes(dependencies) + [largeResponse], words: [signInWords], settings: WebSettings(),
            origins: policy.origins,
            health: Health(redis: redis, readiness: readiness), metrics: HTTPMetrics(registry), logger: logger,
            now: UnixTime.now)
    }

    /// Begins graceful shutdown, as SIGTERM does.
    func shutDown() async {
        await services.triggerGracefulShutdown()
    }

    /// Whether a new connection is refused.
    func refusesConnections() async -> Bool {
        let port = port
        return (try? await onOwnThread { try RawHTTP(port: port) }) == nil
    }
}

/// The server stopped before it listened.
struct NotListening: Error {}

extension HTTPServerConfiguration {
    /// A free loopback port, and timeouts that no test reaches unless it changes them.
    static var onLoopback: HTTPServerConfiguration {
        var configuration = HTTPServerConfiguration(host: "127.0.0.1", port: 0)
        configuration.requestTimeout = .seconds(60)
        configuration.firstByteTimeout = .seconds(60)
        configuration.idleTimeout = .seconds(60)
        configuration.lingerTimeout = .seconds(5)
        configuration.drainDelay = .nanoseconds(0)
        configuration.drainTimeout = .seconds(60)
        configuration.firstRequestTimeout = .nanoseconds(0)
        return configuration
    }
}
