import Edge
import Logging
import Metrics
import NIOCore
import NIOPosix
import RedisClient
import Runtimes
import Secrets
import ServiceLifecycle
import Settings
import SignIn
import Store
import Telemetry

/// All that the handler is made of, put together by its settings.
struct HandlerServices {
    let group: ServiceGroup
    /// What the services are to be run on.
    let eventLoop: any EventLoop

    /// - Throws: ``SettingError``, or what makes serving impossible, as a sentence.
    init(_ settings: HandlerSettings) throws {
        let level = settings.shared.logLevel
        let logger = Logger(label: "postern-handler") { _ in JSONLogHandler(level: level) }
        let readiness = Readiness()
        let registry = MetricsRegistry()
        let metrics = DoorMetrics(registry)
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: HandlerServices.threadCount(for: settings.source))
        var workers: [Worker] = []
        var connections: [RedisClient] = []
        for eventLoop in loops.makeIterator() {
            let redis = try eventLoop.submit {
                try settings.shared.redis.client(
                    named: "postern-handler", scripts: try SignInStore.scripts(), on: eventLoop,
                    logger: logger)
            }.wait()
            // It connects while the rest is put together.
            redis.start()
            let door = try HandlerServices.door(settings, redis, readiness, metrics, logger)
            connections.append(redis)
            workers.append(Worker(eventLoop: eventLoop, door: door))
        }
        // Services end in reverse order: no request is left when the connections to Redis are closed.
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: RedisConnections(connections), serviceName: "redis"),
            .init(
                service: try HandlerServices.requestService(settings.source, loops, workers, readiness, logger),
                successTerminationBehavior: .gracefullyShutdownGroup, serviceName: "requests"),
        ]
        if let port = settings.shared.metricsPort {
            let server = MetricsServer(port: port, registry: registry, eventLoop: loops.next(), logger: logger)
            services.append(.init(service: server, serviceName: "metrics"))
        }
        group = ServiceGroup(configuration: ServiceGroupConfiguration(services: services, logger: logger))
        eventLoop = loops.next()
    }

    /// Lambda gives a process one invocation at a time, or a few, and hardly more than a core; elsewhere the kernel's
    /// network stack and Redis want half the cores.
    private static func threadCount(for source: RequestSource) -> Int {
        if case .lambda = source { 1 } else { max(1, System.coreCount / 2) }
    }

    /// What takes requests from where they come from.
    private static func requestService(
        _ source: RequestSource, _ loops: MultiThreadedEventLoopGroup, _ workers: [Worker], _ readiness: Readiness,
        _ logger: Logger
    ) throws -> any Service {
        var configuration: HTTPServerConfiguration
        switch source {
        case .lambda(let host, let port, let concurrency):
            return LambdaRuntime(
                address: RuntimeAPIAddress(host: host, port: port), concurrency: concurrency, worker: workers[0],
                logger: logger)
        case .listeningSocket(let descriptor):
            configuration = HTTPServerConfiguration(host: "", port: 0)
            configuration.listeningSocket = descriptor
        case .address(let host, let port):
            configuration = HTTPServerConfiguration(host: host, port: port)
        }
        // Some files are not connections of clients.
        let otherFileCount = 64
        let limit = FileLimit.raised(toAtLeast: configuration.maximumConnectionCount + otherFileCount)
        guard limit >= 2 * otherFileCount else { throw TooFewFiles(limit: limit, needed: 2 * otherFileCount) }
        configuration.maximumConnectionCount = limit - otherFileCount
        return HTTPServer(
            configuration: configuration, group: loops, workers: workers, readiness: readiness, logger: logger)
    }

    private static func door(
        _ settings: HandlerSettings, _ redis: RedisClient, _ readiness: Readiness, _ metrics: DoorMetrics,
        _ logger: Logger
    ) throws -> Door {
        var stored = StoreConfiguration(
            limits: settings.limits, linkLifetime: settings.linkLifetime, keyPrefix: settings.shared.redis.keyPrefix,
            keys: settings.shared.secretKeys)
        stored.isNewestOnly = settings.isNewestOnly
        // Only the door's own page explains dead links.
        stored.retention = settings.landing == nil ? .zero : settings.linkRetention
        let store = try SignInStore(redis: redis, configuration: stored, random: .system)
        let configuration = DoorConfiguration(
            originPolicy: settings.originPolicy, callbackPath: settings.callbackPath, basePath: settings.basePath,
            trustedProxies: TrustedProxies(settings.trustedProxies), limits: settings.limits,
            landing: settings.landing,
            issuer: settings.signingKeys.isEmpty
                ? nil : try AssertionIssuer(name: settings.issuerName, keys: settings.signingKeys))
        return Door(
            configuration: configuration, store: store, readiness: readiness, random: .system, now: UnixTime.now,
            metrics: metrics, logger: logger)
    }
}

/// The process may not open enough files to serve anybody.
private struct TooFewFiles: Error, CustomStringConvertible {
    let limit: Int
    let needed: Int

    var description: String {
        "cannot serve: only \(limit) files may be open at once (ulimit -n); at least \(needed) are needed"
    }
}

/// The connections to Redis, which are closed once nothing needs them.
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
