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
    /// Not async: the main thread of such a one ends, for which the C library loads GCC's runtime library.
    static func main() {
        // Not on the main actor, whose thread only waits.
        Task { @concurrent in
            await run()
            exit(EXIT_SUCCESS)
        }
        while true { pause() }
    }

    private static func run() async {
        let environment = Environment()
        let settings: HandlerSettings
        do {
            settings = try HandlerSettings(environment)
        } catch {
            await tellHost(error, environment)
            end(with: EX_CONFIG, saying: error.description)
        }
        let level = settings.shared.logLevel
        let logger = Logger(label: "postern-handler") { _ in JSONLogHandler(level: level) }
        do {
            try await serve(settings, logger)
        } catch let error as SettingError {
            await tellHost(error, environment)
            end(with: EX_CONFIG, saying: error.description)
        } catch let error as MetricsServer.Failure {
            end(with: EXIT_FAILURE, saying: error.description)
        } catch let error as RuntimeAPIError {
            end(with: EXIT_FAILURE, saying: error.description)
        } catch {
            end(with: EXIT_FAILURE, saying: "cannot serve at \(settings.source): \(error)")
        }
    }

    /// Tells the host of a wrong setting, where it is one that wants to know.
    private static func tellHost(_ error: SettingError, _ environment: Environment) async {
        guard let (host, port) = try? RequestSource.runtimeAPI(environment) else { return }
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        await LambdaRuntime.reportFailure(
            error.description, to: RuntimeAPIAddress(host: host, port: port), on: eventLoop)
    }

    private static func serve(_ settings: HandlerSettings, _ logger: Logger) async throws {
        let readiness = Readiness()
        let registry = MetricsRegistry()
        let metrics = DoorMetrics(registry)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threadCount(for: settings.source))
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
        // Services end in reverse order: no request is left when the connections to Redis are closed.
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: RedisConnections(connections), serviceName: "redis"),
            .init(
                service: try await requestService(settings.source, group, workers, readiness, logger),
                successTerminationBehavior: .gracefullyShutdownGroup, serviceName: "requests"),
        ]
        if let port = settings.shared.metricsPort {
            let server = MetricsServer(port: port, registry: registry, eventLoop: group.next(), logger: logger)
            services.append(.init(service: server, serviceName: "metrics"))
        }
        var lifecycle = ServiceGroupConfiguration(services: services, logger: logger)
        lifecycle.gracefulShutdownSignals = [.sigterm, .sigint]
        try await ServiceGroup(configuration: lifecycle).run()
    }

    /// Lambda gives a process one invocation at a time, or a few; elsewhere the kernel's network stack and Redis want
    /// half the cores.
    private static func threadCount(for source: RequestSource) -> Int {
        if case .lambda = source { 1 } else { max(1, System.coreCount / 2) }
    }

    /// What takes requests from where they come from.
    private static func requestService(
        _ source: RequestSource, _ group: MultiThreadedEventLoopGroup, _ workers: [Worker], _ readiness: Readiness,
        _ logger: Logger
    ) async throws -> any Service {
        var configuration: HTTPServerConfiguration
        switch source {
        case .lambda(let host, let port, let concurrency):
            // While the process starts it costs nobody time; Lambda may freeze it as soon as it asks for work.
            _ = await workers[0].isReady()
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
            configuration: configuration, group: group, workers: workers, readiness: readiness, logger: logger)
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
