import Edge
import Logging
import NIOCore
import NIOPosix
import RedisClient
import Runtimes
import Secrets
import ServiceLifecycle
import SignIn
import Store
import TestSupport

/// A server in this process, at a free port, with short deadlines; it ends when ``stop()`` is called.
struct ServerHarness {
    let port: Int
    let redis: RedisServer
    private let group: ServiceGroup
    private let running: Task<Void, any Error>

    init(_ configure: (inout HTTPServerConfiguration) -> Void = { _ in }) async throws {
        let redis = try await RedisServer()
        var configuration = HTTPServerConfiguration(host: "127.0.0.1", port: 0)
        configuration.drainDelay = .milliseconds(300)
        configure(&configuration)
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let readiness = Readiness()
        let door = try await ServerHarness.door(redis, readiness, eventLoop)
        let port = Mutexed(0)
        let server = HTTPServer(
            configuration: configuration, group: eventLoop, workers: [Worker(eventLoop: eventLoop, door: door)],
            readiness: readiness, logger: Logger(label: "test"), onListening: { port.value = $0 })
        let service = ServiceGroupConfiguration.ServiceConfiguration(
            service: server, successTerminationBehavior: .gracefullyShutdownGroup, serviceName: "http")
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [service], logger: Logger(label: "test")))
        self.group = group
        self.redis = redis
        running = Task { try await group.run() }
        try await eventually("the server to listen") { port.value > 0 }
        self.port = port.value
    }

    private static func door(
        _ server: RedisServer, _ readiness: Readiness, _ eventLoop: any EventLoop
    ) async throws -> Door {
        let configuration = RedisConfiguration(url: server.url, preparations: try SignInStore.preparations())
        let redis = try await eventLoop.submit {
            try RedisClient(configuration: configuration, eventLoop: eventLoop, logger: Logger(label: "test"))
        }.get()
        redis.start()
        let limits = StoreConfiguration.Limits(client: nil, recipient: nil, deployment: nil)
        let store = try SignInStore(
            redis: redis,
            configuration: StoreConfiguration(
                limits: limits, linkLifetime: .seconds(900), keyPrefix: "postern:",
                keys: [.init(id: "k1", key: Secret(copying: (0..<32).map(UInt8.init)))]),
            random: .system)
        let policy = OriginPolicy(allowed: [try OriginPattern(parsing: "https://example.com")])
        return Door(
            configuration: DoorConfiguration(
                originPolicy: policy, callbackPath: try PortalPath(parsing: "/auth/callback")),
            store: store, readiness: readiness, random: .system, now: UnixTime.now, logger: Logger(label: "test"))
    }

    /// Begins the graceful shutdown.
    func shutDown() async { await group.triggerGracefulShutdown() }

    /// Waits until the server has ended.
    func waitForEnd() async throws { try await running.value }

    /// Ends the server at once.
    func stop() { running.cancel() }

    /// A connection of its own.
    func connect() throws -> RawHTTP { try RawHTTP(port: port) }

    /// The bytes of a valid sign-in request.
    static func signIn(_ number: Int = 0, fields: String = "") -> String {
        let body = #"{"email":"ada\#(number)@example.com"}"#
        return "POST /auth/send-magic-link HTTP/1.1\r\nHost: door\r\nOrigin: https://example.com\r\n"
            + "Content-Type: application/json\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// The bytes of a request that needs no Redis.
    static let health = "GET /healthz HTTP/1.1\r\nHost: door\r\n\r\n"
}
