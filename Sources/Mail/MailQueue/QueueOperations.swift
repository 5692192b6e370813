import Platform
import Redis

/// The operator's view of the mail queue: counts, workers and dead letters, and commands to retry or drop jobs.
///
/// Jobs are never opened, so neither addresses nor links are read.
package final class QueueOperations: Sendable {
    private let redis: RedisClient
    private let keys: QueueKeys
    private let scripts: QueueScripts
    private let pages: QueuePages

    /// Creates the operations on the queue with the given key prefix.
    package init(redis: RedisClient, keyPrefix: String) {
        self.redis = redis
        keys = QueueKeys(prefix: keyPrefix)
        scripts = QueueScripts(keys: keys)
        pages = QueuePages(redis: redis, keys: keys)
    }

    /// Returns the current counts and workers of the queue.
    package func overview() async throws(RedisError) -> QueueOverview {
        let now = try await time()
        var streams: [QueueOverview.Stream] = []
        var workers: [QueueOverview.Worker] = []
        for priority in MailPriority.allCases {
            let stream = keys.stream(of: priority)
            let oldest = try await pages.entries(of: stream, after: nil, atMost: 1).first?.time
            let consumers = try await self.workers(of: stream)
            streams.append(
                QueueOverview.Stream(
                    priority: priority, length: try await integer("XLEN", stream),
                    oldestAge: oldest.map { .milliseconds(max(0, now - $0)) },
                    pending: consumers.reduce(0) { $0 + $1.pending }))
            workers += consumers
        }
        var deadLettersByReason: [String: Int] = [:]
        _ = try await deadLetters { letter in
            deadLettersByReason[letter.reason, default: 0] += 1
            return true
        }
        return QueueOverview(
            streams: streams, workers: QueueOperations.merged(workers),
            retryCount: try await integer("ZCARD", keys.retries),
            dueRetryCount: try await integer("ZCOUNT", keys.retries, "-inf", String(now)),
            deadLettersByReason: deadLettersByReason)
    }

    /// Calls `visit` with each dead letter, the oldest first.
    /// - Parameter visit: returns whether to continue.
    /// - Returns: whether all dead letters were visited.
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

    /// Makes a waiting retry due now, or requeues a dead letter that holds its job.
    /// - Parameter id: the job's id.
    /// - Returns: whether such a job was found.
    package func retry(_ id: String) async throws(RedisError) -> Bool {
        if let retry = try await pages.retry(id) {
            _ = try await makeDue(retry)  // `false` if it was made due before.
            return true
        }
        guard let letter = try await deadLetter(id) else { return false }
        return try await scripts.requeue(letter, on: redis)
    }

    /// Makes all waiting retries due now, and requeues all dead letters that hold their jobs.
    /// - Parameter progress: called with the number of jobs so far.
    /// - Returns: the number of jobs.
    package func retryAll(_ progress: (Int) -> Void) async throws(RedisError) -> Int {
        // Not more than there are now: meanwhile workers may move the same jobs to the retries again.
        let retries = try await integer("ZCARD", keys.retries)
        var count = 0
        while count < retries, case let page = try await pages.retriesNotDue(), !page.isEmpty {
            for retry in page where try await makeDue(retry) { count += 1 }
            progress(count)
        }
        var holdingJobs: [DeadLetter] = []
        try await deadLetters { letter in
            if letter.holdsJob { holdingJobs.append(letter) }
            return true
        }
        for letter in holdingJobs where try await scripts.requeue(letter, on: redis) {
            count += 1
            progress(count)
        }
        return count
    }

    /// Removes a job from the retries, the dead letters or the streams, whichever has it.
    /// - Parameters:
    ///   - id: the job's id.
    ///   - progress: called with the number of stream entries searched so far.
    /// - Returns: whether such a job was found and removed.
    package func drop(_ id: String, _ progress: (Int) -> Void) async throws(RedisError) -> Bool {
        if let retry = try await pages.retry(id) {
            var command = RedisCommand("ZREM", keys.retries)
            command.append(retry)
            return try await integer(command) == 1
        }
        if let letter = try await deadLetter(id) {
            return try await integer("XDEL", keys.deadLetters, letter.entry) == 1
        }
        var count = 0
        for priority in MailPriority.allCases {
            var last: String?
            let stream = keys.stream(of: priority)
            while case let page = try await pages.entries(of: stream, after: last), let end = page.last?.id {
                if let entry = page.first(where: { $0.fields["id"] == id }) {
                    return try await scripts.acknowledge(entry.id, of: priority, on: redis)
                }
                last = end
                count += page.count
                progress(count)
            }
        }
        return false
    }

    // MARK: - Steps

    private func time() async throws(RedisError) -> Int {
        guard let time = UnixTime(try await redis.send(RedisCommand("TIME"))) else {
            throw .unexpectedReply("not a time")
        }
        return time.milliseconds
    }

    /// The consumers of a stream's group.
    private func workers(of stream: String) async throws(RedisError) -> [QueueOverview.Worker] {
        guard try await integer("EXISTS", stream) == 1 else { return [] }
        let reply: RESPValue
        do {
            reply = try await redis.send(RedisCommand("XINFO", "CONSUMERS", stream, MailQueue.group))
        } catch .server(code: "NOGROUP", _) {
            return []
        }
        guard case .array(let consumers) = reply else { throw .unexpectedReply("not a list of consumers") }
        return consumers.compactMap { consumer in
            guard case .array(let parts) = consumer, parts.count >= 6, case .bulk(let name) = parts[1],
                case .integer(let pending) = parts[3], case .integer(let idle) = parts[5],
                (0...1 << 32).contains(pending), idle >= 0
            else { return nil }
            return QueueOverview.Worker(
                name: String(decoding: name, as: UTF8.self), pending: pending, idle: .milliseconds(idle))
        }
    }

    /// Joins the consumers of all streams: a worker is one in each, under the same name.
    private static func merged(_ consumers: [QueueOverview.Worker]) -> [QueueOverview.Worker] {
        var workers: [QueueOverview.Worker] = []
        for consumer in consumers {
            guard let index = workers.firstIndex(where: { $0.name == consumer.name }) else {
                workers.append(consumer)
                continue
            }
            workers[index] = QueueOverview.Worker(
                name: consumer.name, pending: workers[index].pending + consumer.pending,
                idle: min(workers[index].idle, consumer.idle))
        }
        return workers
    }

    private func deadLetter(_ id: String) async throws(RedisError) -> DeadLetter? {
        var found: DeadLetter?
        try await deadLetters { letter in
            if letter.id == id { found = letter }
            return found == nil
        }
        return found
    }

    private func makeDue(_ retry: [UInt8]) async throws(RedisError) -> Bool {
        var command = RedisCommand("ZADD", keys.retries, "XX", "CH", "0")
        command.append(retry)
        return try await integer(command) == 1
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
