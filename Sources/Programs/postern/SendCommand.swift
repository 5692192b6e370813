import ArgumentParser
import Bytes
import Cryptography
import Delivery
import Logging
import MailQueue
import NIOCore
import NIOPosix
import Platform
import Redis
import ServiceLifecycle
import Settings
import Telemetry
import UnixSignals
import Web

/// `postern send`: runs a worker.
struct SendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Run a worker, which delivers queued email until it is stopped.",
        discussion: """
            Any number of workers can run at once. On SIGTERM or SIGINT a worker claims no more jobs, finishes its \
            deliveries and exits with status 0; allow POSTERN_MAIL_TIMEOUT plus 10 seconds for that.

            Reads REDIS_URL, POSTERN_SECRET_KEYS, POSTERN_MAIL_URL and POSTERN_MAIL_FROM, and the optional settings of \
            workers. Logs JSON lines to standard error.
            """)

    func run() async throws {
        openStandardDescriptors()
        let environment = Environment()
        let redis: RedisSettings
        let shared: SharedSettings
        let mail: MailSettings
        do throws(SettingError) {
            redis = try RedisSettings(environment)
            shared = try SharedSettings(environment)
            mail = try MailSettings(environment)
        } catch {
            throw CommandFailure.wrongSetting(error)
        }
        let level = shared.logLevel
        let registry = MetricsRegistry()
        let log = LogWriter(registry)
        defer { log.flush() }
        ignoreWriteSignals()
        let logger = Logger(label: "postern-send") { _ in JSONLogHandler(level: level, write: log.write) }
        logger.notice("starting", metadata: ["version": "\(Version.text)"])
        let eventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
        let redisMetrics = RedisMetrics(registry)
        let claims = try await redisClient(redis, "postern-send-claims", [], eventLoop, logger) {
            redisMetrics.failed($0)
        }
        let commands = try await redisClient(redis, "postern-send", MailQueue.scripts, eventLoop, logger) {
            redisMetrics.failed($0)
        }
        let queue = MailQueue(
            claims: claims, commands: commands, keyPrefix: redis.keyPrefix, worker: try SendCommand.workerName())
        let worker = Worker(
            configuration: WorkerConfiguration(
                concurrency: mail.concurrency, deliveryTimeout: mail.deliveryTimeout,
                redisTimeout: redis.timeout),
            queue: queue, keys: MailJobKeys(shared.secretKeys), renderer: mail.renderer,
            transport: mail.transport(), now: { commands.time(at: .now()) }, metrics: WorkerMetrics(registry),
            logger: logger)
        let metricsServer = shared.metricsPort.map {
            MetricsServer(port: $0, registry: registry, eventLoop: eventLoop, logger: logger)
        }
        try await SendCommand.run(worker, metricsServer, on: eventLoop, logger)
    }

    /// Runs the worker, and the server of its metrics if there is one, until SIGTERM or SIGINT.
    private static func run(
        _ worker: Worker, _ metricsServer: MetricsServer?, on eventLoop: any EventLoop, _ logger: Logger
    ) async throws {
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: worker, successTerminationBehavior: .gracefullyShutdownGroup)
        ]
        if let metricsServer { services.append(.init(service: metricsServer)) }
        var lifecycle = ServiceGroupConfiguration(services: services, logger: logger)
        lifecycle.gracefulShutdownSignals = [.sigterm, .sigint]
        do {
            // On the thread of the connections to Redis, so that their replies need no change of thread.
            try await withTaskExecutorPreference(EventLoopExecutor(eventLoop)) {
                try await ServiceGroup(configuration: lifecycle).run()
            }
        } catch {
            throw CommandFailure.notDone("\(error)")
        }
    }

    /// A unique name, from which an operator can tell the worker's host and process.
    private static func workerName() throws(CryptoError) -> String {
        let host = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { name in
            name.initialize(repeating: 0)
            return gethostname(name.baseAddress!, name.count - 1) == 0 ? String(cString: name.baseAddress!) : "unknown"
        }
        let suffix = try RandomBytes.system.secret(count: 4).withUnsafeBytes { hexadecimal($0) }
        return "\(host)-\(getpid())-\(suffix)"
    }
}
