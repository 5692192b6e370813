import Redis

/// The queue of mail jobs as an operator sees it: counts, who is at work, what was given up; and a hand in it.
///
/// Nothing here opens a job: neither addresses nor links are seen.
package final class QueueOperations: Sendable {
    private let redis: RedisClient
    private let keys: QueueKeys
    private let scripts: QueueScripts
    private let pages: QueuePages

    /// The operations on the queue under a key prefix.
    package init(redis: RedisClient, keyPrefix: String) {
        self.redis = redis
        keys = QueueKeys(prefix: keyPrefix)
        scripts = QueueScripts()
        pages = QueuePages(redis: redis, keys: keys)
    }

    /// The queue in numbers.
    package func overview() async throws(RedisError) -> QueueOverview {
        let now = try await time()
        let oldest = try await pages.entries(of: keys.mail, after: nil, atMost: 1).first?.time
        var deadByReason: [String: Int] = [:]
        _ = try await deadLetters { job in
            deadByReason[job.reason, default: 0] += 1
            return true
        }
        return QueueOverview(
            length: try await integer("XLEN", keys.mail),
            oldestAge: oldest.map { .milliseconds(max(0, now - $0)) },
            workers: try await workers(),
            retries: try await integer("ZCARD", keys.retries),
            retriesDue: try await integer("ZCOUNT", keys.retries, "-inf", String(now)),
            deadByReason: deadByReason)
    }

    /// Goes through the jobs that were given up, the oldest first.
    /// - Parameter visit: says whether to go on.
    /// - Returns: whether it came to the end.
    @discardableResult
    package func deadLetters(_ visit: (DeadLetter) -> Bool) async throws(RedisError) -> Bool {
        var last: String?
        while true {
            let page = try await pages.entries(of: keys.deadLetters, after: last)
            for entry in page where !visit(DeadLetter(entry)) { return false }
            guard let end = page.last?.id else { return true }
            last = end
        }
    }

    /// Has a job tried again at once: one that waits for another attempt, or one that was given up and kept.
    /// - Returns: whether there is such a job.
    package func retry(_ id: String) async throws(RedisError) -> Bool {
        if let retry = try await pages.retry(id) {
            _ = try await makeDue(retry)  // Nothing to change where that was done before.
            return true
        }
        guard let dead = try await deadLetter(id) else { return false }
        return try await requeue(dead)
    }

    /// Has all jobs tried again at once that wait for another attempt, or were given up and kept.
    /// - Parameter progress: called with the number of jobs so far.
    /// - Returns: how many.
    package func retryAll(_ progress: (Int) -> Void) async throws(RedisError) -> Int {
        // No more than there are now: workers may meanwhile put off again what was made due.
        let retries = try await integer("ZCARD", keys.retries)
        var count = 0
        while count < retries, case let page = try await pages.retriesNotDue(), !page.isEmpty {
            for retry in page where try await makeDue(retry) { count += 1 }
            progress(count)
        }
        var kept: [DeadLetter] = []
        try await deadLetters { job in
            if job.isKept { kept.append(job) }
            return true
        }
        for job in kept where try await requeue(job) {
            count += 1
            progress(count)
        }
        return count
    }

    /// Removes a job wherever it is: in the stream, waiting for another attempt, or given up.
    /// - Parameter progress: called with the number of entries of the stream that were looked at.
    /// - Returns: whether there was such a job.
    package func drop(_ id: String, _ progress: (Int) -> Void) async throws(RedisError) -> Bool {
        if let retry = try await pages.retry(id) {
            var command = RedisCommand("ZREM", keys.retries)
            command.append(retry)
            return try await integer(command) == 1
        }
        if let dead = try await deadLetter(id) { return try await integer("XDEL", keys.deadLetters, dead.entry) == 1 }
        var last: String?
        var count = 0
        while case let page = try await pages.entries(of: keys.mail, after: last), let end = page.last?.id {
            if let entry = page.first(where: { $0.fields["id"] == id }) { return try await acknowledge(entry.id) }
            last = end
            count += page.count
            progress(count)
        }
        return false
    }

    // MARK: - Steps

    private func time() async throws(RedisError) -> Int {
        guard case .array(let parts) = try await redis.send(RedisCommand("TIME")), parts.count == 2,
            case .bulk(let seconds) = parts[0], case .bulk(let microseconds) = parts[1],
            let seconds = Int(String(decoding: seconds, as: UTF8.self)),
            let microseconds = Int(String(decoding: microseconds, as: UTF8.self))
        else { throw .unexpectedReply("not a time") }
        return seconds * 1000 + microseconds / 1000
    }

    private func workers() async throws(RedisError) -> [QueueOverview.Worker] {
        guard try await integer("EXISTS", keys.mail) == 1 else { return [] }
        let reply: RESPValue
        do {
            reply = try await redis.send(RedisCommand("XINFO", "CONSUMERS", keys.mail, MailQueue.group))
        } catch .server(code: "NOGROUP", _) {
            return []
        }
        guard case .array(let consumers) = reply else { throw .unexpectedReply("not a list of consumers") }
        return consumers.compactMap { consumer in
            guard case .array(let parts) = consumer, parts.count >= 6, case .bulk(let name) = parts[1],
                case .integer(let pending) = parts[3], case .integer(let idle) = parts[5]
            else { return nil }
            return QueueOverview.Worker(
                name: String(decoding: name, as: UTF8.self), pending: pending, idle: .milliseconds(idle))
        }
    }

    private func deadLetter(_ id: String) async throws(RedisError) -> DeadLetter? {
        var found: DeadLetter?
        try await deadLetters { job in
            if job.id == id { found = job }
            return found == nil
        }
        return found
    }

    private func makeDue(_ retry: [UInt8]) async throws(RedisError) -> Bool {
        var command = RedisCommand("ZADD", keys.retries, "XX", "CH", "0")
        command.append(retry)
        return try await integer(command) == 1
    }

    private func requeue(_ job: DeadLetter) async throws(RedisError) -> Bool {
        try await scripts.requeue.call(on: redis) { command in
            command.append(2)
            command.append(keys.mail)
            command.append(keys.deadLetters)
            command.append(job.entry)
        } == .integer(1)
    }

    private func acknowledge(_ entry: String) async throws(RedisError) -> Bool {
        try await scripts.acknowledge.call(on: redis) { command in
            command.append(1)
            command.append(keys.mail)
            command.append(MailQueue.group)
            command.append(entry)
        } == .integer(1)
    }

    private func integer(_ words: String...) async throws(RedisError) -> Int {
        var command = RedisCommand(words[0])
        for word in words.dropFirst() { command.append(word) }
        return try await integer(command)
    }

    private func integer(_ command: RedisCommand) async throws(RedisError) -> Int {
        guard case .integer(let number) = try await redis.send(command) else { throw .unexpectedReply("not a number") }
        return number
    }
}
