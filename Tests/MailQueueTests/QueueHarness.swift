import Logging
import MailQueue
import NIOCore
import NIOPosix
import Redis
import TestSupport
import Testing

/// A queue on a Redis of its own, with workers, an operator, and direct access to what is stored. Its connections are
/// closed when it is released.
final class QueueHarness: Sendable {
    let server: RedisServer
    let redis: RedisClient
    private let prefix: String
    private let clients = Mutexed<[RedisClient]>([])

    /// 2100-01-01, in Unix milliseconds.
    static let farFuture = 4_102_444_800_000

    /// - Parameters:
    ///   - given: the Redis server to use; a new one by default.
    ///   - hasGroup: whether the consumer group exists from the start.
    init(prefix: String = "postern:", on given: RedisServer? = nil, hasGroup: Bool = true) async throws {
        let server = if let given { given } else { try await RedisServer() }
        self.server = server
        self.prefix = prefix
        redis = try await QueueHarness.client(at: server.url, timeout: .seconds(10))
        guard hasGroup else { return }
        for stream in ["mail", "mail:bulk"] {
            try await send("XGROUP", "CREATE", key(stream), MailQueue.group, "0", "MKSTREAM")
        }
    }

    deinit {
        redis.close()
        for client in clients.value { client.close() }
    }

    static func client(at url: RedisURL, timeout: TimeAmount) async throws -> RedisClient {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let configuration = RedisConfiguration(
            url: url, timeout: timeout, scripts: MailQueue.scripts)
        let client = try await loop.submit {
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            return try RedisClient(configuration: configuration, eventLoop: loop, logger: logger)
        }.get()
        client.start()
        return client
    }

    /// A worker with two connections of its own.
    /// - Parameter url: where Redis is reached; by default, the server itself.
    func worker(
        _ name: String, at url: RedisURL? = nil, timeout: TimeAmount = .seconds(10), maximumRetryCount: Int = 1000
    ) async throws -> MailQueue {
        let claims = try await QueueHarness.client(at: url ?? server.url, timeout: timeout)
        let commands = try await QueueHarness.client(at: url ?? server.url, timeout: timeout)
        clients.update { $0 += [claims, commands] }
        return MailQueue(
            claims: claims, commands: commands, keyPrefix: prefix, worker: name,
            maximumRetryCount: maximumRetryCount)
    }

    func operations() throws -> QueueOperations {
        QueueOperations(redis: redis, keyPrefix: prefix)
    }

    // MARK: - Writing

    static func job(_ id: String, version: Int = 1, box: [UInt8] = Array("box".utf8)) -> SealedMailJob {
        SealedMailJob(version: version, id: id, keyID: "k1", box: box)
    }

    /// Adds a job to a stream as the handler does.
    func add(_ job: SealedMailJob, to stream: String = "mail") async throws {
        try await add(
            [
                ("v", Array("\(job.version)".utf8)), ("id", Array(job.id.utf8)), ("key", Array(job.keyID.utf8)),
                ("job", job.box),
            ], to: stream)
    }

    /// Adds an entry with the given fields to a stream.
    func add(_ fields: [(name: String, value: [UInt8])], to stream: String = "mail", id: String = "*") async throws {
        var command = RedisCommand("XADD", key(stream), id)
        for field in fields {
            command.append(field.name)
            command.append(field.value)
        }
        _ = try await redis.send(command)
    }

    /// Adds `count` jobs to the stream, or to the dead letters. Their ids are `job1`, `job2` and so on.
    func addMany(_ count: Int, to stream: String = "mail") async throws {
        try await send(
            "EVAL",
            """
            for i = 1, tonumber(ARGV[1]) do
              redis.call('XADD', KEYS[1], '*', 'v', '1', 'id', 'job' .. i, 'reason', 'rejected', 'attempts', '1',
                'key', 'k1', 'job', 'box')
            end
            """, "1", key(stream), "\(count)")
    }

    /// Adds the dead letter of an entry that was not a job, with the id `job1`.
    func addDeadLetterWithoutJob() async throws {
        try await add(
            [("id", Array("job1".utf8)), ("reason", Array("unreadable".utf8)), ("attempts", Array("0".utf8))],
            to: "mail:dead")
    }

    /// Adds `count` retries with two attempts each. Their ids are `job1`, `job2` and so on.
    func addRetries(_ count: Int, dueAt time: Int = farFuture) async throws {
        try await send(
            "EVAL",
            """
            for i = 1, tonumber(ARGV[1]) do redis.call('ZADD', KEYS[1], ARGV[2], '1 2 job' .. i .. ' k1 box') end
            """, "1", key("mail:retry"), "\(count)", "\(time)")
    }

    /// Adds a retry that is due, in whatever form.
    func addRetry(_ member: String) async throws {
        try await send("ZADD", key("mail:retry"), "1", member)
    }

    /// Sets the idle time of a claimed job to ten minutes, without counting a claim.
    func age(_ claimed: ClaimedJob, of worker: String) async throws {
        try await send(
            "XCLAIM", key("mail"), MailQueue.group, worker, "0", claimed.entry, "IDLE", "600000", "JUSTID")
    }

    // MARK: - Reading

    /// A stream entry.
    struct Entry: Sendable {
        let id: String
        let fields: [String: [UInt8]]

        /// The fields' values as text.
        var texts: [String: String] { fields.mapValues { String(decoding: $0, as: UTF8.self) } }

        subscript(name: String) -> String? { texts[name] }
    }

    /// The entries of a stream. For short streams, because all of them are read in one reply.
    func entries(of stream: String = "mail") async throws -> [Entry] {
        try await list("XRANGE", key(stream), "-", "+").map { entry in
            guard case .array(let parts) = entry, parts.count == 2, case .array(let list) = parts[1] else {
                throw UnexpectedReply(reply: entry)
            }
            let texts = try list.map(QueueHarness.bytes)
            let pairs = stride(from: 0, to: texts.count, by: 2).map { index in
                (String(decoding: texts[index], as: UTF8.self), texts[index + 1])
            }
            return Entry(
                id: String(decoding: try QueueHarness.bytes(parts[0]), as: UTF8.self),
                fields: Dictionary(pairs, uniquingKeysWith: { _, last in last }))
        }
    }

    /// The ids of the jobs in a stream.
    func ids(of stream: String = "mail") async throws -> [String] {
        try await entries(of: stream).map { $0["id"] ?? "none" }
    }

    /// The retries, the earliest due first.
    func retries() async throws -> [(member: [UInt8], dueAt: Int)] {
        let list = try await list("ZRANGE", key("mail:retry"), "0", "-1", "WITHSCORES").map(QueueHarness.bytes)
        return stride(from: 0, to: list.count, by: 2).map { index in
            (list[index], Int(String(decoding: list[index + 1], as: UTF8.self)) ?? -1)
        }
    }

    /// The number of pending entries of a stream.
    func pendingCount(of stream: String = "mail") async throws -> Int {
        let summary = try await list("XPENDING", key(stream), MailQueue.group)
        guard case .integer(let count)? = summary.first else { throw UnexpectedReply(reply: .array(summary)) }
        return count
    }

    /// The names of the group's consumers.
    func workerNames() async throws -> [String] {
        try await list("XINFO", "CONSUMERS", key("mail"), MailQueue.group).map { consumer in
            guard case .array(let parts) = consumer, parts.count > 1 else { throw UnexpectedReply(reply: consumer) }
            return String(decoding: try QueueHarness.bytes(parts[1]), as: UTF8.self)
        }
    }

    /// A text that describes all streams and retries, for comparisons.
    func everything() async throws -> String {
        var lines: [String] = []
        for stream in ["mail", "mail:bulk", "mail:dead"] {
            for entry in try await entries(of: stream) {
                lines.append("\(stream) \(entry.id) \(entry.fields.sorted { $0.key < $1.key })")
            }
        }
        for retry in try await retries() { lines.append("\(retry.dueAt) \(retry.member)") }
        return lines.joined(separator: "\n")
    }

    /// Redis' clock, in Unix milliseconds.
    func now() async throws -> Int {
        let time = try await list("TIME").map(QueueHarness.bytes).map { Int(String(decoding: $0, as: UTF8.self)) ?? 0 }
        return time[0] * 1000 + time[1] / 1000
    }

    /// Waits until Redis has a blocked claim.
    func waitForBlockedClaim() async throws {
        try await eventually("a claim to block in Redis") {
            let info = try QueueHarness.bytes(try await self.send("INFO", "clients"))
            return String(decoding: info, as: UTF8.self).contains("blocked_clients:1")
        }
    }

    // MARK: - Redis

    func key(_ name: String) -> String { prefix + name }

    @discardableResult
    func send(_ words: String...) async throws -> RESPValue {
        try await send(words)
    }

    private func send(_ words: [String]) async throws -> RESPValue {
        var command = RedisCommand(words[0])
        for word in words.dropFirst() { command.append(word) }
        return try await redis.send(command)
    }

    private func list(_ words: String...) async throws -> [RESPValue] {
        let reply = try await send(words)
        guard case .array(let elements) = reply else { throw UnexpectedReply(reply: reply) }
        return elements
    }

    private static func bytes(_ reply: RESPValue) throws -> [UInt8] {
        guard case .bulk(let bytes) = reply else { throw UnexpectedReply(reply: reply) }
        return bytes
    }
}

/// A reply of Redis that has another form than expected.
struct UnexpectedReply: Error {
    let reply: RESPValue
}

extension MailQueue {
    /// Claims up to `count` jobs that are in the stream already.
    func claim(_ count: Int) async throws -> [ClaimedJob] {
        try await claim(atMost: count, waiting: .milliseconds(1))
    }

    /// Claims one job that is in the stream already.
    func claimOne(sourceLocation: SourceLocation = #_sourceLocation) async throws -> ClaimedJob {
        let claimed = try await claim(1)
        return try #require(claimed.first, sourceLocation: sourceLocation)
    }
}
