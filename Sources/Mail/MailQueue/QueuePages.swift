import Platform
import Redis

/// Reads the mail queue's streams and retries page by page, because they can be long.
struct QueuePages: Sendable {
    /// The number of entries in a page.
    static let size = 500

    let redis: RedisClient
    let keys: QueueKeys

    /// A stream entry.
    struct Entry {
        let id: String
        let fields: EntryFields

        /// The time at which it was added, in Unix milliseconds by Redis' clock: the first part of its id. `nil` if no
        /// clock shows that time.
        var time: Int? { Int(id.prefix { $0 != "-" }).flatMap(UnixTime.init(given:))?.milliseconds }
    }

    /// Returns the entries of a stream after the entry `last`, or from the start if `last` is `nil`.
    func entries(
        of stream: String, after last: String?, atMost count: Int = size
    ) async throws(RedisError) -> [Entry] {
        var command = RedisCommand("XRANGE", stream, last.map { "(\($0)" } ?? "-", "+", "COUNT")
        command.append(count)
        guard case .array(let entries) = try await redis.send(command) else {
            throw .unexpectedReply("not a list of stream entries")
        }
        return try entries.map { (entry) throws(RedisError) in
            guard case .array(let parts) = entry, parts.count == 2, case .bulk(let id) = parts[0],
                case .array(let fields) = parts[1]
            else { throw .unexpectedReply("not a stream entry") }
            return Entry(id: String(decoding: id, as: UTF8.self), fields: EntryFields(fields))
        }
    }

    /// Returns a job's retry, or `nil` if the job does not wait for one.
    func retry(_ id: String) async throws(RedisError) -> [UInt8]? {
        var start = 0
        while true {
            var command = RedisCommand("ZRANGE", keys.retries)
            command.append(start)
            command.append(start + QueuePages.size - 1)
            let page = try await members(command)
            if let member = page.first(where: { QueuePages.jobID(of: $0)?.elementsEqual(id.utf8) == true }) {
                return member
            }
            guard page.count == QueuePages.size else { return nil }
            start += page.count
        }
    }

    /// Returns the job's id in a retry, which starts with `<version> <attempts> <job id> <key id> `, or `nil` if it
    /// has another form.
    private static func jobID(of retry: [UInt8]) -> ArraySlice<UInt8>? {
        let words = retry.split(separator: UInt8(ascii: " "), maxSplits: 3)
        return words.count == 4 ? words[2] : nil
    }

    /// Returns a page of the retries that an operator has not made due: those have the score 0.
    func retriesNotDue() async throws(RedisError) -> [[UInt8]] {
        var command = RedisCommand("ZRANGEBYSCORE", keys.retries, "(0", "+inf", "LIMIT", "0")
        command.append(QueuePages.size)
        return try await members(command)
    }

    private func members(_ command: RedisCommand) async throws(RedisError) -> [[UInt8]] {
        guard case .array(let members) = try await redis.send(command) else {
            throw .unexpectedReply("not a list of set members")
        }
        return members.compactMap { if case .bulk(let member) = $0 { member } else { nil } }
    }
}
