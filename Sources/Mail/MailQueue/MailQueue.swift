import Platform
import Redis

/// The worker's view of the mail queue: a stream for each priority, with a consumer group, a sorted set of retries, and
/// a stream of dead letters.
///
/// Workers coordinate only through this queue. A job belongs to one worker at a time; the jobs of a dead worker are
/// reclaimed by the others.
package final class MailQueue: Sendable {
    /// The name of the consumer group that all workers join.
    package static let group = "senders"
    /// The Lua function that adds a job to a stream, to be prepended to scripts that do so.
    package static let addJobFunction = PackageResources.AddJob_lua
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

    /// Claims jobs that no worker has claimed yet, those of high priority before all others, and waits for the first one
    /// of any priority if there is none. If a group is missing, as after a loss of data, creates it from the start of its
    /// stream, and returns no jobs.
    /// - Parameter wait: the time to wait for a job: at least 1 ms (0 would wait forever), and less than a delivery may
    ///   take.
    /// - Returns: up to `count` jobs; an empty array if none arrived in time.
    package func claim(atMost count: Int, waiting wait: Duration) async throws(RedisError) -> [ClaimedJob] {
        precondition(wait >= .milliseconds(1), "BLOCK 0 waits forever")
        do {
            let reply = try await scripts.claim(for: worker, atMost: count, on: commands)
            let claimed = try MailQueue.checked(try MailQueue.claimedJobs(fromClaim: reply), atMost: count)
            return claimed.isEmpty ? try await claimFirst(atMost: count, waiting: wait) : claimed
        } catch .server(code: "NOGROUP", _), .server(code: "UNBLOCKED", _) {
            try await createGroups()
            return []
        }
    }

    /// Waits for the first job of any priority. A script cannot wait.
    private func claimFirst(atMost count: Int, waiting wait: Duration) async throws(RedisError) -> [ClaimedJob] {
        var command = RedisCommand("XREADGROUP", "GROUP", MailQueue.group, worker, "COUNT", "1", "BLOCK")
        let milliseconds = wait.milliseconds
        command.append(milliseconds)
        for word in ["STREAMS", keys.mail, keys.bulk, ">", ">"] { command.append(word) }
        let reply = try await claims.send(command, blockingFor: wait)
        let claimed = try MailQueue.claimedJobs(fromRead: reply, keys)
        // COUNT is for each stream, so both may have given a job at the same moment.
        for surplus in claimed.dropFirst(count) { try await release(surplus) }
        return Array(claimed.prefix(count))
    }

    /// Claims again the jobs that Redis assigned to this worker in replies that were lost: those that are pending for
    /// this worker although it does not have them.
    /// - Parameters:
    ///   - start: the position to continue from; ``PendingPosition/start`` for the first call.
    ///   - isHeld: returns whether this worker has the job of a ``ClaimedJob/key``.
    /// - Returns: up to `count` jobs, and the position to continue from; `nil` at the end of the lists.
    package func claimLost(
        from start: PendingPosition, atMost count: Int, unless isHeld: (String) -> Bool
    ) async throws(RedisError) -> (jobs: [ClaimedJob], next: PendingPosition?) {
        let (jobs, next) = try await claimLost(startingAt: start, atMost: count, unless: isHeld)
        guard next == nil, start.priority == .high else { return (jobs, next) }
        guard jobs.count < count else { return (jobs, .start(of: .bulk)) }
        let (others, end) = try await claimLost(
            startingAt: .start(of: .bulk), atMost: count - jobs.count, unless: isHeld)
        return (jobs + others, end)
    }

    /// Claims lost jobs of one stream.
    private func claimLost(
        startingAt start: PendingPosition, atMost count: Int, unless isHeld: (String) -> Bool
    ) async throws(RedisError) -> (jobs: [ClaimedJob], next: PendingPosition?) {
        let priority = start.priority
        var command = RedisCommand("XPENDING", keys.stream(of: priority), MailQueue.group, start.text, "+")
        let pageSize = 2 * count
        command.append(pageSize)
        command.append(worker)
        let pending: [MailQueue.PendingEntry]
        do {
            pending = try MailQueue.pendingEntries(in: try await commands.send(command, isIdempotent: true))
        } catch .server(code: "NOGROUP", _) {
            return ([], nil)  // The next claim creates the group.
        }
        let lost = pending.filter { !isHeld(ClaimedJob.key(of: $0.id, priority)) }
        let taken = lost.prefix(count)
        let isLast = pending.count < pageSize && taken.count == lost.count
        let last = taken.count < lost.count ? taken.last : pending.last
        let next = isLast ? nil : last.map { PendingPosition(after: $0.id, of: priority) }
        var jobs: [ClaimedJob] = []
        // One after the other, because together they may be too long for a reply.
        for entry in taken { jobs += try await claim(entry, of: priority) }
        return (jobs, next)
    }

    /// Claims the given entry. If it is no longer in the stream, returns no job, and the entry stops being pending.
    private func claim(_ entry: PendingEntry, of priority: MailPriority) async throws(RedisError) -> [ClaimedJob] {
        let command = RedisCommand("XCLAIM", keys.stream(of: priority), MailQueue.group, worker, "0", entry.id)
        return try MailQueue.claimedJobs(
            fromXCLAIM: try await commands.send(command), of: priority, claims: entry.claims + 1)
    }

    /// Claims jobs of workers that have been idle for `idle` or longer, which must be longer than any delivery.
    package func reclaim(atMost count: Int, idleFor idle: Duration) async throws(RedisError) -> [ClaimedJob] {
        var reclaimed: [ClaimedJob] = []
        for priority in MailPriority.allCases where reclaimed.count < count {
            do {
                let reply = try await scripts.reclaim(
                    of: priority, for: worker, atMost: count - reclaimed.count, idleFor: idle, on: commands)
                reclaimed += try MailQueue.claimedJobs(fromReclaim: reply, of: priority)
            } catch .server(code: "NOGROUP", _) {
                // The next claim creates the group.
            }
        }
        return try MailQueue.checked(reclaimed, atMost: count)
    }

    /// Returns the jobs if they are not more than were asked for.
    private static func checked(_ jobs: [ClaimedJob], atMost count: Int) throws(RedisError) -> [ClaimedJob] {
        guard jobs.count <= count else { throw .unexpectedReply("more jobs than asked for") }
        return jobs
    }

    private func createGroups() async throws(RedisError) {
        for priority in MailPriority.allCases { try await scripts.join(priority, on: commands) }
    }

    // MARK: - Recording outcomes

    /// Removes a delivered job from the queue. Changes nothing if the entry is already gone.
    package func acknowledge(_ claimed: ClaimedJob) async throws(RedisError) {
        _ = try await scripts.acknowledge(claimed.entry, of: claimed.priority, on: commands)
    }

    /// Moves a job to the retries. Changes nothing if another worker has already recorded an outcome.
    /// - Parameters:
    ///   - job: the sealed job in the entry, or the same with fewer recipients.
    ///   - delay: the time until the retry is due.
    ///   - attempts: the number of attempts made, this one included if it counts.
    /// - Returns: `false` if the maximum number of retries is reached; then the job still belongs to this worker.
    @discardableResult
    package func retryLater(
        _ claimed: ClaimedJob, _ job: SealedMailJob, by delay: Duration, attempts: Int
    ) async throws(RedisError) -> Bool {
        let priority = job.version == 1 ? "" : "\(claimed.priority.rawValue) "
        let retry = Array("\(job.version) \(attempts) \(job.id) \(job.keyID) \(priority)".utf8) + job.box
        return try await scripts.retryLater(
            claimed.entry, of: claimed.priority, retry, by: delay, maximumCount: maximumRetryCount, on: commands)
    }

    /// Moves a job to the dead letters. The sealed job is kept for an operator to requeue, even if its link has expired,
    /// because a clock may have been wrong. Changes nothing if another worker has already recorded an outcome.
    package func deadLetter(_ claimed: ClaimedJob, _ cause: DeadLetterCause) async throws(RedisError) {
        try await scripts.deadLetter(
            claimed.entry, of: claimed.priority, keeping: MailQueue.maximumDeadLetterCount, on: commands
        ) { values in
            for (field, value) in [
                ("priority", claimed.priority == .high ? nil : claimed.priority.rawValue),
                ("id", claimed.job?.id), ("reason", cause.reason.rawValue), ("attempts", String(cause.attempts)),
                ("code", cause.replyCode.map(String.init)), ("status", cause.enhancedStatus),
            ] {
                guard let value else { continue }
                values.append(rest: field)
                values.append(rest: value)
            }
            if let job = claimed.job {
                if job.version != 1 {
                    values.append(rest: "v")
                    values.append(rest: String(job.version))
                }
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
                "XCLAIM", keys.stream(of: claimed.priority), MailQueue.group, worker, "0", claimed.entry, "RETRYCOUNT",
                "0", "JUSTID"),
            isIdempotent: true)
    }

    /// Returns the number of jobs of a priority in its stream, including those in delivery.
    package func length(of priority: MailPriority) async throws(RedisError) -> Int {
        let reply = try await commands.send(RedisCommand("XLEN", keys.stream(of: priority)), isIdempotent: true)
        guard case .integer(let length) = reply else { throw .unexpectedReply("not a stream length") }
        return length
    }

    /// The settings of Redis under which mail can be lost.
    package func setupWarnings() async throws(RedisError) -> [SetupWarning] {
        try await commands.setupWarnings()
    }

    // MARK: - Maintenance, by any worker

    /// Moves due retries back to their streams.
    /// - Returns: the number of retries that were due, at most `count`.
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
        for priority in MailPriority.allCases {
            do {
                try await scripts.removeConsumers(name, of: priority, idleFor: idle, on: commands)
            } catch .server(code: "NOGROUP", _) {
                // Without a group there are no consumers.
            }
        }
    }
}
