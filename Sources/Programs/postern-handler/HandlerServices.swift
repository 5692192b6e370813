import Cryptography
import Logging
import NIOCore
import NIOPosix
import Platform
import Redis
import ServiceLifecycle
import Serving
import Settings
import SignIn
import Telemetry
import Web

/// The handler's services, created from its settings.
struct HandlerServices {
    let group: ServiceGroup
    /// The event loop on which to run the services.
    let eventLoop: any EventLoop

    /// Creates the services, and starts to connect to Redis.
    /// - Throws: ``SettingError``, or another error that prevents serving, whose description is a sentence.
    init(_ settings: HandlerSettings) throws {
        let level = settings.shared.logLevel
        let logger = Logger(label: "postern-handler") { _ in JSONLogHandler(level: level) }
        logger.notice("starting", metadata: ["version": "\(Version.text)"])
        let readiness = Readiness()
        let registry = MetricsRegistry()
        let metrics = Metrics(
            http: HTTPMetrics(registry), signIn: SignInMetrics(registry, limits: settings.signIn.policy.limits))
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: HandlerServices.threadCount(for: settings.source))
        var responders: [LoopResponder] = []
        var connections: [RedisClient] = []
        for eventLoop in loops.makeIterator() {
            let redis = try eventLoop.submit {
                try settings.redis.client(
                    named: "postern-handler", scripts: SignInStore.scripts, on: eventLoop, logger: logger)
            }.wait()
            // It connects while the rest is set up.
            redis.start()
            let service = try HandlerServices.service(settings, redis, readiness, metrics, logger)
            connections.append(redis)
            responders.append(LoopResponder(eventLoop: eventLoop, responder: service))
        }
        // Services end in reverse order: requests are finished before the connections to Redis are closed.
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: RedisConnections(connections), serviceName: "redis"),
            .init(
                service: try HandlerServices.requestService(settings.source, loops, responders, readiness, logger),
                successTerminationBehavior: .gracefullyShutdownGroup, serviceName: "requests"),
        ]
        if let port = settings.shared.metricsPort {
            let server = MetricsServer(port: port, registry: registry, eventLoop: loops.next(), logger: logger)
            services.append(.init(service: server, serviceName: "metrics"))
        }
        group = ServiceGroup(configuration: ServiceGroupConfiguration(services: services, logger: logger))
        eventLoop = loops.next()
    }

    /// Returns 1 on Lambda, where a process serves one or a few invocations at a time and has little more than one
    /// core. Elsewhere returns half the cores; the kernel's network stack and Redis need the others.
    private static func threadCount(for source: RequestSource) -> Int {
        if case .lambda = source { 1 } else { max(1, System.coreCount / 2) }
    }

    /// The service that receives requests from the source.
    private static func requestService(
        _ source: RequestSource, _ loops: MultiThreadedEventLoopGroup, _ responders: [LoopResponder],
        _ readiness: Readiness,
        _ logger: Logger
    ) throws -> any Service {
        var configuration: HTTPServerConfiguration
        switch source {
        case .lambda(let host, let port, let concurrency):
            return LambdaRuntime(
                address: RuntimeAPIAddress(host: host, port: port), concurrency: concurrency, responder: responders[0],
                logger: logger)
        case .listeningSocket(let descriptor):
            configuration = HTTPServerConfiguration(host: "", port: 0)
            configuration.listeningSocket = descriptor
        case .address(let host, let port):
            configuration = HTTPServerConfiguration(host: host, port: port)
        }
        // Files other than clients' connections.
        let otherFileCount = 64
        let limit = FileLimit.raise(toAtLeast: configuration.maximumConnectionCount + otherFileCount)
        guard limit >= 2 * otherFileCount else { throw TooFewFiles(limit: limit, needed: 2 * otherFileCount) }
        configuration.maximumConnectionCount = limit - otherFileCount
        return HTTPServer(
            configuration: configuration, group: loops, responders: responders, readiness: readiness, logger: logger)
    }

    /// The routes of the handler's features, on one connection to Redis.
    private static func service(
        _ settings: HandlerSettings, _ redis: RedisClient, _ readiness: Readiness, _ metrics: Metrics, _ logger: Logger
    ) throws -> HTTPService {
        let policy = settings.signIn.policy
        let store = try SignInStore(
            redis: redis, policy: policy, keyPrefix: settings.redis.keyPrefix,
            secretKeys: settings.shared.secretKeys, random: .system)
        let signIn = SignInDependencies(
            policy: policy, issuer: settings.signIn.issuer, store: store, random: .system, metrics: metrics.signIn)
        return HTTPService(
            signInRoutes(signIn), words: [signInWords], settings: settings.web, origins: policy.origins,
            health: Health(redis: redis, readiness: readiness), metrics: metrics.http, logger: logger,
            now: UnixTime.now)
    }
}

/// The metrics that all connections share.
private struct Metrics {
    let http: HTTPMetrics
    let signIn: SignInMetrics
}

/// The limit on open files is too low to serve requests.
private struct TooFewFiles: Error, CustomStringConvertible {
    let limit: Int
    let needed: Int

    var description: String {
        "cannot start: the limit on open files (ulimit -n) is \(limit), but at least \(needed) is needed"
    }
}

/// A service that closes the connections to Redis at shutdown.
private struct RedisConnections: Service {
    private let clients: [RedisClient]

    init(_ clients: [RedisClient]) {
        self.clients = clients
    }

    func run() async throws {
        try? await gracefulShutdown()
        for client in clients { client.close() }
    }
}
