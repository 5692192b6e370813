import Logging
import NIOCore
import NIOPosix
import Platform
import Redis
import ServiceLifecycle
import Serving
import Settings
import Telemetry
import Web

/// The services of a program that serves requests, created from its settings.
struct ServerServices {
    let group: ServiceGroup
    /// The event loop on which to run the services.
    let eventLoop: any EventLoop

    /// Creates the services, and starts to connect to Redis.
    /// - Parameters:
    ///   - registry: where the program has registered its metrics.
    ///   - log: writes the log, except on Lambda, which freezes the process after a response, and the threads with it.
    /// - Throws: ``SettingError``, or another error that prevents serving, whose description is a sentence.
    init<Program: ServerProgram>(
        _ program: Program, _ registry: MetricsRegistry, _ log: LogWriter
    ) throws {
        let settings = program.settings
        let level = settings.shared.logLevel
        let logger =
            if case .lambda = settings.source {
                Logger(label: Program.name) { _ in JSONLogHandler(level: level) }
            } else {
                Logger(label: Program.name) { _ in JSONLogHandler(level: level, write: log.write) }
            }
        logger.notice("starting", metadata: ["version": "\(Version.text)"])
        let readiness = Readiness()
        let metrics = HTTPMetrics(registry)
        let lines = BoundedLines(logger)
        let redisMetrics = RedisMetrics(registry)
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: ServerServices.threadCount(for: settings.source))
        var responders: [LoopResponder] = []
        var connections: [RedisClient] = []
        for eventLoop in loops.makeIterator() {
            let redis = try eventLoop.submit {
                try settings.redis.client(
                    named: Program.name, scripts: program.scripts + [Health.scriptSource], on: eventLoop,
                    logger: logger,
                    onFailure: { redisMetrics.failed($0) })
            }.wait()
            // It connects while the rest is set up.
            redis.start()
            let service = HTTPService(
                try program.routes(on: redis), words: program.words, settings: settings.web, origins: program.origins,
                health: Health(redis: redis, readiness: readiness, keyPrefix: settings.redis.keyPrefix),
                metrics: metrics, logger: logger, lines: lines,
                now: UnixTime.now, authenticator: try program.authenticator(on: redis))
            connections.append(redis)
            responders.append(LoopResponder(eventLoop: eventLoop, responder: service))
        }
        // Services end in reverse order: requests are finished before the connections to Redis are closed.
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: RedisConnections(connections), serviceName: "redis"),
            .init(
                service: try ServerServices.requestService(settings, loops, responders, readiness, logger, lines),
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
        _ settings: ServerSettings, _ loops: MultiThreadedEventLoopGroup, _ responders: [LoopResponder],
        _ readiness: Readiness, _ logger: Logger, _ lines: BoundedLines
    ) throws -> any Service {
        var configuration: HTTPServerConfiguration
        switch settings.source {
        case .lambda(let host, let port, let concurrency):
            return LambdaRuntime(
                address: RuntimeAPIAddress(host: host, port: port), concurrency: concurrency, responder: responders[0],
                logger: logger, lines: lines)
        case .listeningSocket(let descriptor):
            configuration = HTTPServerConfiguration(host: "", port: 0)
            configuration.listeningSocket = descriptor
        case .address(let host, let port):
            configuration = HTTPServerConfiguration(host: host, port: port)
        }
        configuration.idleTimeout = TimeAmount(settings.connections.keepAliveTimeout)
        configuration.maximumConnectionsPerNetwork = settings.connections.maximumCountPerClient
        configuration.trustedProxies = settings.web.trustedProxies
        // Files other than clients' connections.
        let otherFileCount = 64
        let limit = FileLimit.raise(toAtLeast: configuration.maximumConnectionCount + otherFileCount)
        guard limit >= 2 * otherFileCount else { throw TooFewFiles(limit: limit, needed: 2 * otherFileCount) }
        configuration.maximumConnectionCount = limit - otherFileCount
        return HTTPServer(
            configuration: configuration, group: loops, responders: responders, readiness: readiness, logger: logger)
    }
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
