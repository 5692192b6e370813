import Cryptography
import Logging
import MailMessage
import MailQueue
import NIOCore
import NIOPosix
import Net
import Platform
import Redis
import SignIn
import Telemetry
import TestSupport

@testable import Delivery

/// A transport that returns scripted outcomes, one after the other, and then `delivered`. It keeps all messages.
final class ScriptedTransport: MailTransport {
    private struct State: Sendable {
        var outcomes: [DeliveryOutcome] = []
        var messages: [MailMessage] = []
    }

    private let state = Mutexed(State())

    var messages: [MailMessage] { state.value.messages }

    /// Adds outcomes for the next attempts.
    func script(_ outcomes: [DeliveryOutcome]) {
        state.update { $0.outcomes += outcomes }
    }

    func deliver(
        _ message: MailMessage, within deadline: Duration, _ observe: (@Sendable (DeliveryStep) -> Void)?
    ) async -> DeliveryOutcome {
        state.update { (state: inout State) -> DeliveryOutcome in
            state.messages.append(message)
            return state.outcomes.isEmpty ? .delivered(nil) : state.outcomes.removeFirst()
        }
    }
}

/// A ``JobDelivery`` between a queue on a Redis of its own and a scripted transport. Its connections are closed when it
/// is released.
final class WorkerHarness: Sendable {
    let server: RedisServer
    let redis: RedisClient
    let queue: MailQueue
    let delivery: JobDelivery
    let transport = ScriptedTransport()
    let log = LogLines()
    let metrics: WorkerMetrics
    /// The time of the worker's clock: initially one second after ``issuedAt``.
    let time = Mutexed(WorkerHarness.issuedAt + .seconds(1))
    private let claims: RedisClient

    static let issuedAt = UnixTime(milliseconds: 1_735_689_600_000)
    static let address = "ada.lovelace@customer.example"
    /// The only key that jobs are sealed with: the bytes 0 to 31.
    static let keys = [KeyRing.Entry(id: "k1", key: Secret(copying: (0..<32).map(UInt8.init)))]

    init() async throws {
        let server = try await RedisServer()
        self.server = server
        redis = try await WorkerHarness.client(for: server)
        claims = try await WorkerHarness.client(for: server)
        queue = MailQueue(claims: claims, commands: redis, keyPrefix: "postern:", worker: "a")
        metrics = WorkerMetrics(MetricsRegistry())
        let time = self.time
        delivery = JobDelivery(
            queue: queue, keys: MailJobKeys(WorkerHarness.keys),
            renderer: WorkerHarness.renderer, transport: transport,
            timeout: .seconds(30), slots: Slots(8), now: { time.value }, metrics: metrics,
            log: WorkerLog(logger: log.logger))
        for stream in ["postern:mail", "postern:mail:bulk"] {
            _ = try await redis.send(RedisCommand("XGROUP", "CREATE", stream, MailQueue.group, "0", "MKSTREAM"))
        }
    }

    deinit {
        redis.close()
        claims.close()
    }

    private static func client(for server: RedisServer) async throws -> RedisClient {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let configuration = RedisConfiguration(
            url: server.url, timeout: .seconds(10), scripts: MailQueue.scripts)
        let client = try await loop.submit {
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            return try RedisClient(configuration: configuration, eventLoop: loop, logger: logger)
        }.get()
        client.start()
        return client
    }

    /// A renderer with the built-in templates.
    static var renderer: MailRenderer {
        // The literal is a valid address.
        let sender = Mailbox(name: "Portal", address: EmailAddress(parsing: "sign-in@example.com")!)
        return MailRenderer(sender: sender, productName: "Portal", templates: .builtIn)
    }

    static func ring() throws -> KeyRing {
        KeyRing(keys, purpose: MailJob.sealingPurpose)
    }

    // MARK: - Jobs

    /// A job with a new token, whose link expires after 15 minutes.
    static func job(
        to address: String = WorkerHarness.address, _ priority: MailPriority = .high, from sender: Mailbox? = nil
    ) throws -> MailJob {
        let link = MagicLink(
            origin: try Origin(parsing: "https://portal.example.com"),
            callbackPath: try PortalPath(parsing: "/auth/callback"),
            token: try LoginToken(random: .system), next: try PortalPath(parsing: "/orders/17"))
        let job = MailJob(
            for: SignInRequest(link: link, recipient: EmailAddress(parsing: address)!),  // It is a valid address.
            issuedAt: issuedAt, expiresAt: issuedAt + .seconds(900))
        return MailJob(
            id: job.id, recipients: job.recipients, content: job.content, sender: sender, priority: priority,
            issuedAt: job.issuedAt, expiresAt: job.expiresAt)
    }

    /// Queues a job and claims it.
    func claimed(_ job: MailJob) async throws -> ClaimedJob {
        try await claimed(try job.sealed(by: try WorkerHarness.ring(), random: .system))
    }

    func claimed(_ sealed: SealedMailJob) async throws -> ClaimedJob {
        var command = RedisCommand(
            "XADD", "postern:mail", "*", "v", "\(sealed.version)", "id", sealed.id, "key", sealed.keyID, "job")
        command.append(sealed.box)
        _ = try await redis.send(command)
        return try await claimNext()
    }

    func claimNext() async throws -> ClaimedJob {
        let claimed = try await queue.claim(atMost: 1, waiting: .milliseconds(1))
        guard let first = claimed.first else { throw UnexpectedReply(reply: .null) }
        return first
    }

    /// Makes a job's retry due, moves it to the stream, and claims it.
    func claimRetry(_ id: String) async throws -> ClaimedJob {
        guard try await QueueOperations(redis: redis, keyPrefix: "postern:").retry(id),
            try await queue.promoteDue(atMost: 9) == 1
        else { throw UnexpectedReply(reply: .null) }
        return try await claimNext()
    }

    // MARK: - Redis

    /// The jobs in Redis.
    struct QueueContent: Sendable, Equatable {
        /// The number of jobs in the stream.
        var queued = 0
        /// The retries without their sealed jobs.
        var retries: [String] = []
        /// The fields of the dead letters, with `kept` in place of each sealed job.
        var deadLetters: [[String: String]] = []
    }

    func queueContent() async throws -> QueueContent {
        var content = QueueContent()
        content.queued = try await list(RedisCommand("XRANGE", "postern:mail", "-", "+")).count
        content.retries = try await list(RedisCommand("ZRANGE", "postern:mail:retry", "0", "-1")).map { member in
            guard case .bulk(let bytes) = member else { throw UnexpectedReply(reply: member) }
            return bytes.split(separator: UInt8(ascii: " "), maxSplits: 4).prefix(4)
                .map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
        }
        content.deadLetters = try await list(RedisCommand("XRANGE", "postern:mail:dead", "-", "+")).map { entry in
            guard case .array(let parts) = entry, parts.count == 2, case .array(let list) = parts[1] else {
                throw UnexpectedReply(reply: entry)
            }
            var fields: [String: String] = [:]
            for index in stride(from: 0, to: list.count, by: 2) {
                let name = try text(list[index])
                fields[name] = name == "job" ? "kept" : try text(list[index + 1])
            }
            return fields
        }
        return content
    }

    /// The time until the only retry is due.
    func retryDelay() async throws -> Duration {
        let scored = try await list(RedisCommand("ZRANGE", "postern:mail:retry", "0", "-1", "WITHSCORES"))
        let time = try await list(RedisCommand("TIME")).map { Int(try text($0)) ?? 0 }
        guard scored.count == 2 else { throw UnexpectedReply(reply: .array(scored)) }
        return .milliseconds((Int(try text(scored[1])) ?? 0) - time[0] * 1000 - time[1] / 1000)
    }

    private func list(_ command: RedisCommand) async throws -> [RESPValue] {
        let reply = try await redis.send(command)
        guard case .array(let elements) = reply else { throw UnexpectedReply(reply: reply) }
        return elements
    }

    private func text(_ reply: RESPValue) throws -> String {
        guard case .bulk(let bytes) = reply else { throw UnexpectedReply(reply: reply) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A reply of Redis that has another form than expected.
struct UnexpectedReply: Error {
    let reply: RESPValue
}
