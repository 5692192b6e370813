import Platform
import Redis

/// The queue of mail jobs as a worker uses it: a stream with a consumer group, those that wait for another attempt, and
/// those that were given up.
///
/// Workers share the work with no coordination but this. Each job is one worker's at a time; what a dead worker left is
/// taken over by the others.
package final class MailQueue: Sendable {
    /// The consumer group that all workers are in.
    package static let group = "senders"
    /// How many given up jobs are kept, about.
    private static let maximumDeadCount = 10_000
    /// For how long they are kept: as long as the longest link lives.
    private static let deadLifetime = Duration.seconds(86_400)

    private let claims: RedisClient
    private let commands: RedisClient
    private let keys: QueueKeys
    private let worker: String
    private let maximumRetryCount: Int
    private let scripts: QueueScripts

    /// - Parameters:
    ///   - claims: a connection that this queue has for itself, since claims block it.
    ///   - commands: for all else.
    ///   - worker: this worker's name in the group; no other has the same.
    ///   - maximumRetryCount: how many jobs may wait for another attempt. At a kilobyte each, the default is a gigabyte.
    package init(
        claims: RedisClient, commands: RedisClient, keyPrefix: String, worker: String,
        maximumRetryCount: Int = 1_000_000
    ) {
        self.claims = claims
        self.commands = commands
        self.worker = worker
        self.maximumRetryCount = maximumRetryCount
        keys = QueueKeys(prefix: keyPrefix)
        scripts = QueueScripts()
    }

    /// What a server should know before the first call of each, which it spares a second round trip.
    package static var scripts: [Script] { QueueScripts().all }

    // MARK: - Taking jobs

    /// Claims jobs that nobody has claimed yet; waits for the first of them for as long as is given. The group is made
    /// where it is missing, as after a loss of data, and then has all that is in the stream.
    /// - Parameter wait: less than a delivery may take, and not zero, which would be for ever.
    /// - Returns: none where none came in time.
    package func claim(atMost count: Int, waiting wait: Duration) async throws(RedisError) -> [ClaimedJob] {
        precondition(wait >= .milliseconds(1), "BLOCK 0 waits for ever")
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
            try await makeGroup()
            return []
        }
    }

    /// Claims again what Redis gave this worker in replies that never came: of the jobs that are its own and have not
    /// ended, those that it does not have.
    /// - Parameters:
    ///   - start: where to go on; ``PendingPosition/start`` at first.
    ///   - isHeld: whether the worker has the job of an entry.
    /// - Returns: jobs, and where to go on; `nil` at the end.
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
            return ([], nil)  // Made by the next claim.
        }
        let lost = pending.filter { !isHeld($0.id) }
        let taken = lost.prefix(count)
        let isLast = pending.count < pageSize && taken.count == lost.count
        let last = taken.count < lost.count ? taken.last : pending.last
        let next = isLast ? nil : last.map { PendingPosition(behind: $0.id) }
        return (taken.isEmpty ? [] : try await claim(Array(taken)), next)
    }

    /// Claims certain entries; those that are no longer in the stream are left out, and pending no more.
    private func claim(_ entries: [PendingEntry]) async throws(RedisError) -> [ClaimedJob] {
        var command = RedisCommand("XCLAIM", keys.mail, MailQueue.group, worker, "0")
        for entry in entries { command.append(entry.id) }
        let claims = Dictionary(uniqueKeysWithValues: entries.map { ($0.id, $0.claims + 1) })
        return try MailQueue.claimedJobs(fromClaim: try await commands.send(command), claims: claims)
    }

    /// Takes over jobs whose worker has not been heard of since `idle`, which is longer than any delivery.
    package func reclaim(atMost count: Int, idleFor idle: Duration) async throws(RedisError) -> [ClaimedJob] {
        let reply: RESPValue
        do {
            reply = try await scripts.reclaim.call(on: commands, mayRepeat: false) { command in
                command.append(1)
                command.append(keys.mail)
                command.append(MailQueue.group)
                command.append(worker)
                command.append(idle.milliseconds)
                command.append(count)
            }
        } catch .server(code: "NOGROUP", _) {
            return []  // Made by the next claim.
        }
        return try MailQueue.claimedJobs(fromScript: reply)
    }

    private func makeGroup() async throws(RedisError) {
        do {
            _ = try await commands.send(
                RedisCommand("XGROUP", "CREATE", keys.mail, MailQueue.group, "0", "MKSTREAM"), isIdempotent: true)
        } catch .server(code: "BUSYGROUP", _) {
            // Another worker was faster.
        }
    }

    // MARK: - CommandFailure them

    /// The job's mail was delivered: it leaves the queue.
    package func acknowledge(_ claimed: ClaimedJob) async throws(RedisError) {
        _ = try await scripts.acknowledge.call(on: commands) { command in
            command.append(1)
            command.append(keys.mail)
            command.append(MailQueue.group)
            command.append(claimed.entry)
        }
    }

    /// The job is to be tried again, after a delay.
    /// - Parameters:
    ///   - job: what the entry holds.
    ///   - attempts: how many were made, this one included where it counts.
    /// - Returns: `false` where too many jobs wait already; then the job is still this worker's.
    @discardableResult
    package func retryLater(
        _ claimed: ClaimedJob, _ job: SealedMailJob, by delay: Duration, attempts: Int
    ) async throws(RedisError) -> Bool {
        let retry = Array("1 \(attempts) \(job.id) \(job.keyID) ".utf8) + job.box
        let reply = try await scripts.retryLater.call(on: commands) { command in
            command.append(2)
            command.append(keys.mail)
            command.append(keys.retries)
            command.append(MailQueue.group)
            command.append(claimed.entry)
            command.append(delay.milliseconds)
            command.append(retry)
            command.append(maximumRetryCount)
        }
        return reply != .integer(-1)
    }

    /// No mail will be delivered. The job is kept for a second try by hand, sealed as it is, unless its link has
    /// expired.
    package func deadLetter(_ claimed: ClaimedJob, _ cause: DeadLetterCause) async throws(RedisError) {
        _ = try await scripts.deadLetter.call(on: commands) { command in
            command.append(2)
            command.append(keys.mail)
            command.append(keys.deadLetters)
            command.append(MailQueue.group)
            command.append(claimed.entry)
            command.append(MailQueue.maximumDeadCount)
            for (field, value) in [
                ("id", claimed.job?.id), ("reason", cause.reason.rawValue), ("attempts", String(cause.attempts)),
                ("code", cause.replyCode.map(String.init)), ("status", cause.enhancedStatus),
            ] {
                guard let value else { continue }
                command.append(field)
                command.append(value)
            }
            if cause.reason != .expired, let job = claimed.job {
                command.append("key")
                command.append(job.keyID)
                command.append("job")
                command.append(job.box)
            }
        }
    }

    /// Leaves a job as it is, for another worker to take over; that it was claimed here does not count.
    package func release(_ claimed: ClaimedJob) async throws(RedisError) {
        _ = try await commands.send(
            RedisCommand(
                "XCLAIM", keys.mail, MailQueue.group, worker, "0", claimed.entry, "RETRYCOUNT", "0", "JUSTID"),
            isIdempotent: true)
    }

    /// How many jobs are in the stream, those being delivered included.
    package func length() async throws(RedisError) -> Int {
        let reply = try await commands.send(RedisCommand("XLEN", keys.mail), isIdempotent: true)
        guard case .integer(let length) = reply else { throw .unexpectedReply("not a stream length") }
        return length
    }

    // MARK: - Upkeep, which any worker may do

    /// Moves the retries that are due back into the stream.
    /// - Returns: how many.
    package func promoteDue(atMost count: Int) async throws(RedisError) -> Int {
        let reply = try await scripts.promote.call(on: commands) { command in
            command.append(2)
            command.append(keys.mail)
            command.append(keys.retries)
            command.append(count)
        }
        guard case .integer(let moved) = reply else { throw .unexpectedReply("not a number of retries") }
        return moved
    }

    /// Removes jobs that were given up so long ago that no link of theirs can be alive.
    /// - Parameter now: the wall clock.
    package func trimDeadLetters(at now: UnixTime) async throws(RedisError) {
        let oldest = now.milliseconds - MailQueue.deadLifetime.milliseconds
        _ = try await commands.send(
            RedisCommand("XTRIM", keys.deadLetters, "MINID", String(oldest)), isIdempotent: true)
    }

    /// Strikes workers off the group that have nothing to deliver, and were not heard of since `idle`.
    package func removeConsumers(idleFor idle: Duration) async throws(RedisError) {
        try await removeConsumers("", idleFor: idle)
    }

    /// Strikes this worker off the group, unless it has jobs, which others then take over.
    package func leave() async throws(RedisError) {
        try await removeConsumers(worker, idleFor: .zero)
    }

    private func removeConsumers(_ name: String, idleFor idle: Duration) async throws(RedisError) {
        do {
            _ = try await scripts.removeConsumers.call(on: commands) { command in
                command.append(1)
                command.append(keys.mail)
                command.append(MailQueue.group)
                command.append(name)
                command.append(idle.milliseconds)
            }
        } catch .server(code: "NOGROUP", _) {
            // Nobody to strike off.
        }
    }
}
