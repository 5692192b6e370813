import Cryptography
import Logging
@testable import Delivery
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

/// A transport that gives the outcomes that a test wrote down, one after the other, and keeps what it was to deliver.
/// When there is none left it delivers.
final class ScriptedTransport: MailTransport {
    private struct State: Sendable {
        var outcomes: [DeliveryOutcome] = []
        var messages: [MailMessage] = []
    }

    private let state = Mutexed(State())

    var messages: [MailMessage] { state.value.messages }

    /// What the next attempts come to.
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

/// What takes jobs to their end, between a queue on a private Redis and a scripted transport. Its connections end with
/// it.
final class WorkerHarness: Sendable {
    let server: RedisServer
    let redis: RedisClient
    let queue: MailQueue
    let delivery: JobDelivery
    let transport = ScriptedTransport()
    let log = LogLines()
    let metrics: WorkerMetrics
    /// What the clock shows: at first a second after the links were asked for.
    let time = Mutexed(WorkerHarness.issuedAt + .seconds(1))
    private let claims: RedisClient

    static let issuedAt = UnixTime(milliseconds: 1_735_689_600_000)
    static let address = "ada.lovelace@customer.example"
    /// The one key that jobs are sealed under: the bytes 0 to 31.
    static let keys = [KeyRing.Entry(id: "k1", key: Secret(copying: (0..<32).map(UInt8.init)))]

    init() async throws {
        let server = try await RedisServer()
        self.server = server
        redis = try await WorkerHarness.client(for: server)
        claims = try await WorkerHarness.client(for: server)
        queue = MailQueue(claims: claims, commands: redis, keyPrefix: "postern:", worker: "a")
        metrics = WorkerMetrics(MetricsRegistry())
        // Of the right form by the letter.
        let sender = Mailbox(name: "Portal", address: EmailAddress(parsing: "sign-in@example.com")!)
        let time = self.time
        delivery = JobDelivery(
            queue: queue, keys: try WorkerHarness.ring(),
            mail: SignInMail(sender: sender, productName: "Portal", templates: .builtIn), transport: transport,
            timeout: .seconds(30), now: { time.value }, metrics: metrics, log: WorkerLog(logger: log.logger))
        _ = try await redis.send(
            RedisCommand("XGROUP", "CREATE", "postern:mail", MailQueue.group, "0", "MKSTREAM"))
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

    static func ring() throws -> KeyRing {
        KeyRing(keys, purpose: MailJob.sealingPurpose)
    }

    // MARK: - Jobs

    /// A job for ``address`` with a new token, whose link lives for a quarter of an hour.
    static func job() throws -> MailJob {
        let link = MagicLink(
            origin: try Origin(parsing: "https://portal.example.com"),
            callbackPath: try PortalPath(parsing: "/auth/callback"),
            token: try LoginToken(random: .system), next: try PortalPath(parsing: "/orders/17"))
        return MailJob(
            for: SignInRequest(link: link, recipient: EmailAddress(parsing: address)!),  // Of the right form.
            issuedAt: issuedAt, expiresAt: issuedAt + .seconds(900))
    }

    /// Queues a job, claims it, and gives it as it was claimed.
    func claimed(_ job: MailJob) async throws -> ClaimedJob {
        try await claimed(try job.sealed(by: try WorkerHarness.ring(), random: .system))
    }

    func claimed(_ sealed: SealedMailJob) async throws -> ClaimedJob {
        var command = RedisCommand("XADD", "postern:mail", "*", "v", "1", "id", sealed.id, "key", sealed.keyID, "job")
        command.append(sealed.box)
        _ = try await redis.send(command)
        return try await claimNext()
    }

    func claimNext() async throws -> ClaimedJob {
        let claimed = try await queue.claim(atMost: 1, waiting: .milliseconds(1))
        guard let first = claimed.first else { throw NotAsExpected(reply: .null) }
        return first
    }

    /// Has the one retry tried again now, and gives it as it was claimed.
    func claimRetry(_ id: String) async throws -> ClaimedJob {
        guard try await QueueOperations(redis: redis, keyPrefix: "postern:").retry(id),
            try await queue.promoteDue(atMost: 9) == 1
        else { throw NotAsExpected(reply: .null) }
        return try await claimNext()
    }

    // MARK: - What is found in Redis

    /// What became of the jobs.
    struct Ends: Sendable, Equatable {
        /// In the stream.
        var queued = 0
        /// The first four words of each.
        var retries: [String] = []
        /// The fields of each, but for the sealed job, of which only is told whether it is there.
        var dead: [[String: String]] = []
    }

    func ends() async throws -> Ends {
        var ends = Ends()
        ends.queued = try await list(RedisCommand("XRANGE", "postern:mail", "-", "+")).count
        ends.retries = try await list(RedisCommand("ZRANGE", "postern:mail:retry", "0", "-1")).map { member in
            guard case .bulk(let bytes) = member else { throw NotAsExpected(reply: member) }
            return bytes.split(separator: UInt8(ascii: " "), maxSplits: 4).prefix(4)
                .map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
        }
        ends.dead = try await list(RedisCommand("XRANGE", "postern:mail:dead", "-", "+")).map { entry in
            guard case .array(let parts) = entry, parts.count == 2, case .array(let list) = parts[1] else {
                throw NotAsExpected(reply: entry)
            }
            var fields: [String: String] = [:]
            for index in stride(from: 0, to: list.count, by: 2) {
                let name = try text(list[index])
                fields[name] = name == "job" ? "kept" : try text(list[index + 1])
            }
            return fields
        }
        return ends
    }

    /// In how long the one retry is due.
    func retryDelay() async throws -> Duration {
        let scored = try await list(RedisCommand("ZRANGE", "postern:mail:retry", "0", "-1", "WITHSCORES"))
        let time = try await list(RedisCommand("TIME")).map { Int(try text($0)) ?? 0 }
        guard scored.count == 2 else { throw NotAsExpected(reply: .array(scored)) }
        return .milliseconds((Int(try text(scored[1])) ?? 0) - time[0] * 1000 - time[1] / 1000)
    }

    private func list(_ command: RedisCommand) async throws -> [RESPValue] {
        let reply = try await redis.send(command)
        guard case .array(let elements) = reply else { throw NotAsExpected(reply: reply) }
        return elements
    }

    private func text(_ reply: RESPValue) throws -> String {
        guard case .bulk(let bytes) = reply else { throw NotAsExpected(reply: reply) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Redis answered something else than it should.
struct NotAsExpected: Error {
    let reply: RESPValue
}
