import Platform
import Redis

/// The worker's view of the mail queue: a stream with a consumer group, a sorted set of retries, and a stream of dead
/// letters.
///
/// Workers coordinate only through this queue. A job belongs to one worker at a time; the jobs of a dead worker are
/// reclaimed by the others.
package final class MailQueue: Sendable {
    /// The name of the consumer group that all workers join.
    package static let group = "senders"
    /// The approximate number of dead letters to keep.
    private static let maximumDeadLetterCount = 10_000
    /// The time to keep dead letters: the longest lifetime of a link.
    private static let deadLetterLifetime = Duration.seconds(86_400)

    private let claims: RedisClient
    private let commands: RedisClient
    private let keys: QueueKeys
    private let worker: String
    private let maximumRetryCount: Int
    private let scripts: QueueScripts

    /// - Parameters:
    ///   - claims: a client used for claims alone, because they block its connection.
    ///   - commands: the client for all other commands.
    ///   - worker: this worker's consumer name, unique within the group.
    ///   - maximumRetryCount: the maximum number of retries. At about 1 kB each, the default uses about 1 GB of Redis'
    ///     memory.
    package init(
        claims: RedisClient, commands: RedisClient, keyPrefix: String, worker: String,
        maximumRetryCount: Int = 1_000_000
    ) {
        self.claims = claims
        self.commands = commands
        self.worker = worker
        self.maximumRetryCount = maximumRetryCount
        keys = QueueKeys(prefix: keyPrefix)
        scripts = QueueScripts(keys: keys)
    }

    /// The scripts that a worker calls. Loading them in advance saves a second round trip at the first call of each.
    package static var scripts: [ScriptSource] { QueueScripts(keys: QueueKeys(prefix: "")).workers }

    // MARK: - Claiming jobs

    /// Claims jobs that no worker has claimed yet, and waits for the first one if there is none. If the group is
    /// missing, as after a loss of data, creates it from the start of the stream, and returns no jobs.
    /// - Parameter wait: the time to wait for a job: at least 1 ms (0 would wait forever), and less than a delivery may
    ///   take.
    /// - Returns: up to `count` jobs; an empty array if none arrived in time.
    package func claim(atMost count: Int, waiting wait: Duration) async throws(RedisError) -> [ClaimedJob] {
        precondition(wait >= .milliseconds(1), "BLOCK 0 waits forever")
        let milliseconds = wait.milliseconds
        var command = RedisCommand("XREADGROUP", "GROUP", MailQueue.group, worker, "COUNT")
        command.append(count)
        command.append("BLOCK")
        command.append(milliseconds)
        for word in ["STREAMS", keys.mail, ">"] { command.append(word) }
        do {
            let reply = try await claims.send(command, blockingFor: wait)
            return try MailQueue.claimedJobs(fromRead: reply)
        } catch .server(code: "NOGROUP", _), .server(code: "UNBLOCKED", _) {
            try await createGroup()
            return []
        }
    }

    /// Claims again the jobs that Redis assigned to this worker in replies that were lost: those that are pending for
    /// this worker although it does not have them.
    /// - Parameters:
    ///   - start: the position to continue from; ``PendingPosition/start`` for the first call.
    ///   - isHeld: returns whether this worker has the job of an entry.
    /// - Returns: up to `count` jobs, and the position to continue from; `nil` at the end of the list.
    package func claimLost(
        from start: PendingPosition, atMost count: Int, unless isHeld: (String) -> Bool
    ) async throws(RedisError) -> (jobs: [ClaimedJob], next: PendingPosition?) {
        var command = RedisCommand("XPENDING", keys.mail, MailQueue.group, start.text, "+")
        let pageSize = 2 * count
        command.append(pageSize)
        command.append(worker)
        let pending: [MailQueue.PendingEntry]
        do {
            pending = try MailQueue.pendingEntries(in: try await commands.send(command, isIdempotent: true))
        } catch .server(code: "NOGROUP", _) {
            return ([], nil)  // The next claim creates the group.
        }
        let lost = pending.filter { !isHeld($0.id) }
        let taken = lost.prefix(count)
        let isLast = pending.count < pageSize && taken.count == lost.count
        let last = taken.count < lost.count ? taken.last : pending.last
        let next = isLast ? nil : last.map { PendingPosition(after: $0.id) }
        return (taken.isEmpty ? [] : try await claim(Array(taken)), next)
    }

    /// Claims the given entries. Entries that are no longer in the stream are not returned, and stop being pending.
    private func claim(_ entries: [PendingEntry]) async throws(RedisError) -> [ClaimedJob] {
        var command = RedisCommand("XCLAIM", keys.mail, MailQueue.group, worker, "0")
        for entry in entries { command.append(entry.id) }
        let claims = Dictionary(uniqueKeysWithValues: entries.map { ($0.id, $0.claims + 1) })
        return try MailQueue.claimedJobs(fromClaim: try await commands.send(command), claims: claims)
    }

    /// Claims jobs of workers that have been idle for `idle` or longer, which must be longer than any delivery.
    package func reclaim(atMost count: Int, idleFor idle: Duration) async throws(RedisError) -> [ClaimedJob] {
        let reply: RESPValue
        do {
            reply = try await scripts.reclaim(for: worker, atMost: count, idleFor: idle, on: commands)
        } catch .server(code: "NOGROUP", _) {
            return []  // The next claim creates the group.
        }
        return try MailQueue.claimedJobs(fromScript: reply)
    }

    private func createGroup() async throws(RedisError) {
        do {
            _ = try await commands.send(
                RedisCommand("XGROUP", "CREATE", keys.mail, MailQueue.group, "0", "MKSTREAM"), isIdempotent: true)
        } catch .server(code: "BUSYGROUP", _) {
            // Another worker created it first.
        }
    }

    // MARK: - Recording outcomes

    /// Removes a delivered job from the queue. Changes nothing if the entry is already gone.
    package func acknowledge(_ claimed: ClaimedJob) async throws(RedisError) {
        _ = try await scripts.acknowledge(claimed.entry, on: commands)
    }

    /// Moves a job to the retries. Changes nothing if another worker has already recorded an outcome.
    /// - Parameters:
    ///   - job: the sealed job in the entry.
    ///   - delay: the time until the retry is due.
    ///   - attempts: the number of attempts made, this one included if it counts.
    /// - Returns: `false` if the maximum number of retries is reached; then the job still belongs to this worker.
    @discardableResult
    package func retryLater(
        _ claimed: ClaimedJob, _ job: SealedMailJob, by delay: Duration, attempts: Int
    ) async throws(RedisError) -> Bool {
        let retry = Array("1 \(attempts) \(job.id) \(job.keyID) ".utf8) + job.box
        return try await scripts.retryLater(
            claimed.entry, retry, by: delay, maximumCount: maximumRetryCount, on: commands)
    }

    /// Moves a job to the dead letters. The sealed job is kept for an operator to requeue, unless its link has expired.
    /// Changes nothing if another worker has already recorded an outcome.
    package func deadLetter(_ claimed: ClaimedJob, _ cause: DeadLetterCause) async throws(RedisError) {
        try await scripts.deadLetter(
            claimed.entry, keeping: MailQueue.maximumDeadLetterCount, on: commands
        ) { values in
            for (field, value) in [
                ("id", claimed.job?.id), ("reason", cause.reason.rawValue), ("attempts", String(cause.attempts)),
                ("code", cause.replyCode.map(String.init)), ("status", cause.enhancedStatus),
            ] {
                guard let value else { continue }
                values.append(rest: field)
                values.append(rest: value)
            }
            if cause.reason != .expired, let job = claimed.job {
                values.append(rest: "key")
                values.append(rest: job.keyID)
                values.append(rest: "job")
                values.append(rest: job.box)
            }
        }
    }

    /// Leaves a job pending for another worker to reclaim, and resets its number of claims.
    package func release(_ claimed: ClaimedJob) async throws(RedisError) {
        _ = try await commands.send(
            RedisCommand(
                "XCLAIM", keys.mail, MailQueue.group, worker, "0", claimed.entry, "RETRYCOUNT", "0", "JUSTID"),
            isIdempotent: true)
    }

    /// Returns the number of jobs in the stream, including those in delivery.
    package func length() async throws(RedisError) -> Int {
        let reply = try await commands.send(RedisCommand("XLEN", keys.mail), isIdempotent: true)
        guard case .integer(let length) = reply else { throw .unexpectedReply("not a stream length") }
        return length
    }

    // MARK: - Maintenance, by any worker

    /// Moves due retries back to the stream.
    /// - Returns: the number of retries moved, at most `count`.
    package func promoteDue(atMost count: Int) async throws(RedisError) -> Int {
        try await scripts.promote(atMost: count, on: commands)
    }

    /// Removes dead letters that are so old that their links must have expired.
    /// - Parameter now: the current time.
    package func trimDeadLetters(at now: UnixTime) async throws(RedisError) {
        let oldest = now.milliseconds - MailQueue.deadLetterLifetime.milliseconds
        _ = try await commands.send(
            RedisCommand("XTRIM", keys.deadLetters, "MINID", String(oldest)), isIdempotent: true)
    }

    /// Removes consumers without pending entries from the group if they have been idle for `idle` or longer.
    package func removeConsumers(idleFor idle: Duration) async throws(RedisError) {
        try await removeConsumers("", idleFor: idle)
    }

    /// Removes this worker from the group, unless it has pending jobs: those are left for others to reclaim.
    package func leave() async throws(RedisError) {
        try await removeConsumers(worker, idleFor: .zero)
    }

    private func removeConsumers(_ name: String, idleFor idle: Duration) async throws(RedisError) {
        do {
            try await scripts.removeConsumers(name, idleFor: idle, on: commands)
        } catch .server(code: "NOGROUP", _) {
            // Without a group there are no consumers.
        }
    }
}
