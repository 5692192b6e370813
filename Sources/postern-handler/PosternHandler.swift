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
import UnixSignals

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The stateless handler: reads its settings, and serves until it is told to end.
@main
enum PosternHandler {
    static func main() async {
        let settings: HandlerSettings
        do {
            settings = try HandlerSettings(Environment())
        } catch {
            end(with: EX_CONFIG, saying: error.description)
        }
        let level = settings.shared.logLevel
        let logger = Logger(label: "postern-handler") { _ in JSONLogHandler(level: level) }
        do {
            try await serve(settings, logger)
        } catch let error as SettingError {
            end(with: EX_CONFIG, saying: error.description)
        } catch let error as MetricsServer.Failure {
            end(with: EXIT_FAILURE, saying: error.description)
        } catch {
            end(with: EXIT_FAILURE, saying: "cannot serve at \(settings.host):\(settings.port): \(error)")
        }
    }

    private static func serve(_ settings: HandlerSettings, _ logger: Logger) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, System.coreCount / 2))
        let readiness = Readiness()
        let registry = MetricsRegistry()
        let metrics = DoorMetrics(registry)
        var workers: [Worker] = []
        var connections: [RedisClient] = []
        for eventLoop in group.makeIterator() {
            let redis = try await eventLoop.submit {
                try settings.shared.redis.client(
                    named: "postern-handler", preparations: try SignInStore.preparations(), on: eventLoop,
                    logger: logger)
            }.get()
            let door = try door(settings, redis, readiness, metrics, logger)
            redis.start()
            connections.append(redis)
            workers.append(Worker(eventLoop: eventLoop, door: door))
        }
        var configuration = HTTPServerConfiguration(host: settings.host, port: settings.port)
        // Some files are not connections of clients.
        let otherFileCount = 64
        let limit = FileLimit.raised(toAtLeast: configuration.maximumConnectionCount + otherFileCount)
        guard limit >= 2 * otherFileCount else { throw TooFewFiles(limit: limit, needed: 2 * otherFileCount) }
        configuration.maximumConnectionCount = limit - otherFileCount
        let server = HTTPServer(
            configuration: configuration, group: group, workers: workers, readiness: readiness, logger: logger)
        // Services end in reverse order: no request is left when the connections to Redis are closed.
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: RedisConnections(connections), serviceName: "redis"),
            .init(service: server, successTerminationBehavior: .gracefullyShutdownGroup, serviceName: "http"),
        ]
        if let port = settings.shared.metricsPort {
            let server = MetricsServer(port: port, registry: registry, eventLoop: group.next(), logger: logger)
            services.append(.init(service: server, serviceName: "metrics"))
        }
        var lifecycle = ServiceGroupConfiguration(services: services, logger: logger)
        lifecycle.gracefulShutdownSignals = [.sigterm, .sigint]
        try await ServiceGroup(configuration: lifecycle).run()
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

    /// Ends the process with one line on standard error.
    private static func end(with status: CInt, saying line: String) -> Never {
        JSONLogHandler.writeToStandardError(Array("postern-handler: \(line)\n".utf8))
        exit(status)
    }
}

/// The process may not open enough files to serve anybody.
private struct TooFewFiles: Error, CustomStringConvertible {
    let limit: Int
    let needed: Int

    var description: String { "only \(limit) files may be open at once (ulimit -n); at least \(needed) are needed" }
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
