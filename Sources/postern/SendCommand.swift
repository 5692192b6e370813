import ArgumentParser
import EventLoopExecutor
import Logging
import Mail
import Metrics
import NIOCore
import NIOPosix
import RedisClient
import Secrets
import Sender
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

/// `postern send`: the worker.
struct SendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Delivers the mail that waits in the queue, until it is told to end.",
        discussion: """
            Any number of workers may run at once. On SIGTERM or SIGINT it claims no more, finishes what is being delivered, \
            and ends with status 0; allow for POSTERN_MAIL_TIMEOUT and ten seconds.

            Reads REDIS_URL, POSTERN_SECRET_KEYS, POSTERN_MAIL_URL and POSTERN_MAIL_FROM, and where they are set the other \
            settings of workers. Logs JSON lines to standard error.
            """)

    func run() async throws {
        let environment = Environment()
        let shared: SharedSettings
        let mail: MailSettings
        do throws(SettingError) {
            shared = try SharedSettings(environment)
            mail = try MailSettings(environment)
        } catch {
            throw Ending.wrongSetting(error)
        }
        let level = shared.logLevel
        let logger = Logger(label: "postern-send") { _ in JSONLogHandler(level: level) }
        let eventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
        let registry = MetricsRegistry()
        let claims = try await redisClient(shared.redis, "postern-send-claims", [], eventLoop, logger)
        let commands = try await redisClient(shared.redis, "postern-send", try MailQueue.scripts(), eventLoop, logger)
        let queue = try MailQueue(
            claims: claims, commands: commands, keyPrefix: shared.redis.keyPrefix, worker: try SendCommand.workerName())
        let sender = Sender(
            configuration: SenderConfiguration(
                concurrency: mail.concurrency, deliveryTimeout: mail.deliveryTimeout,
                redisTimeout: shared.redis.timeout),
            queue: queue, keys: try KeyRing(shared.secretKeys, purpose: MailJob.sealingPurpose), mail: mail.mail,
            transport: mail.transport(), now: UnixTime.now, metrics: SenderMetrics(registry), logger: logger)
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: sender, successTerminationBehavior: .gracefullyShutdownGroup)
        ]
        if let port = shared.metricsPort {
            services.append(
                .init(service: MetricsServer(port: port, registry: registry, eventLoop: eventLoop, logger: logger)))
        }
        var lifecycle = ServiceGroupConfiguration(services: services, logger: logger)
        lifecycle.gracefulShutdownSignals = [.sigterm, .sigint]
        do {
            // On the thread that the connections to Redis are served on, so that nothing of theirs changes threads.
            try await withTaskExecutorPreference(EventLoopExecutor(eventLoop)) {
                try await ServiceGroup(configuration: lifecycle).run()
            }
        } catch {
            throw Ending.notDone("\(error)")
        }
    }

    /// A name that no other worker has, and that tells an operator where it runs.
    private static func workerName() throws(SecretsError) -> String {
        let host = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { name in
            name.initialize(repeating: 0)
            return gethostname(name.baseAddress!, name.count - 1) == 0 ? String(cString: name.baseAddress!) : "unknown"
        }
        let suffix = try RandomBytes.system.secret(count: 4).withUnsafeBytes { hexadecimal($0) }
        return "\(host)-\(getpid())-\(suffix)"
    }
}
