import Cryptography
import Logging
import MailMessage
import MailQueue
import Platform
import Redis
import ServiceLifecycle
import Synchronization
import Telemetry

/// Delivers claimed jobs: opens a job, renders its message, delivers that, and records the outcome in the queue.
final class JobDelivery: Sendable {
    /// The maximum number of times that a job is claimed without an outcome. After that it is dead-lettered.
    static let maximumClaims = 5
    /// The maximum number of attempts if the final reply was lost, because each of them may have delivered the message.
    static let maximumUnconfirmedAttempts = 3
    /// The maximum number of attempts to open a job with keys that have opened none. They take eight days, by when every
    /// link has ended.
    static let maximumUnopenedAttempts = 400
    /// The time for which recording a job's outcome is retried during shutdown.
    private static let recordingTimeAtShutdown = Duration.seconds(5)
    /// The longest time between two tries to record an outcome. It is shorter than that between two looks of other workers
    /// for jobs to reclaim, so that this one is first when Redis takes writes again.
    private static let longestRecordingDelay = Duration.milliseconds(500)

    private let queue: MailQueue
    private let keys: MailJobKeys
    private let renderer: MailRenderer
    private let transport: any MailTransport
    private let timeout: Duration
    private let schedule = RetrySchedule()
    private let health: DeliveryHealth
    private let slow: SlowDeliveries
    private let now: @Sendable () -> UnixTime
    private let metrics: WorkerMetrics
    private let log: WorkerLog

    /// - Parameter slots: the slots of the worker, of which slow deliveries give theirs back.
    init(
        queue: MailQueue, keys: MailJobKeys, renderer: MailRenderer, transport: any MailTransport, timeout: Duration,
        slots: Slots, now: @escaping @Sendable () -> UnixTime, metrics: WorkerMetrics, log: WorkerLog
    ) {
        self.queue = queue
        self.keys = keys
        self.renderer = renderer
        self.transport = transport
        self.timeout = timeout
        self.now = now
        self.metrics = metrics
        self.log = log
        health = DeliveryHealth(log: log)
        slow = SlowDeliveries(slots: slots)
    }

    /// The jobs that the breaker currently allows to claim.
    var permission: Breaker.Permission { health.permission }

    /// Looks at the deliveries under way: those that a server keeps waiting must not take all slots, and those that it
    /// serves show that it is available. To be called a few times a second.
    func checkProgress() {
        if slow.check(at: .now) { health.lived() }
    }

    /// Delivers a job and records its outcome. If that cannot be recorded, leaves the job for other workers to reclaim.
    func run(_ claimed: ClaimedJob) async {
        // A job of a later version is left for workers that know that version.
        guard !claimed.isOfOtherVersion else {
            log.released(claimed, "unknown job version")
            return await record(claimed) { (queue) throws(RedisError) in try await queue.release(claimed) }
        }
        guard claimed.claims <= JobDelivery.maximumClaims else {
            return await deadLetter(claimed, DeadLetterCause(reason: .poison, attempts: claimed.attempts))
        }
        guard let sealed = claimed.job else {
            return await deadLetter(claimed, DeadLetterCause(reason: .unreadable, attempts: claimed.attempts))
        }
        let job: MailJob
        do throws(CryptoError) {
            job = try MailJob(opening: sealed, with: keys)
        } catch {
            return await notOpened(claimed, sealed, error)
        }
        health.opened(with: sealed.keyID)
        guard now() < job.expiresAt else {
            return await deadLetter(claimed, DeadLetterCause(reason: .expired, attempts: claimed.attempts))
        }
        let message: MailMessage
        do throws(RenderError) {
            message = try renderer.message(for: job)
        } catch {
            log.notRendered(claimed, error)
            return await deadLetter(claimed, DeadLetterCause(reason: error.reason, attempts: claimed.attempts))
        }
        guard let flight = slow.begin(claimed, to: message.recipients) else {
            metrics.held.increment()
            let delay = schedule.delayWhileHeld(jitter: .random(in: 0...1))
            return await retryLater(claimed, job, sealed, by: delay, attempts: claimed.attempts, nil)
        }
        await conclude(claimed, job, sealed, await attempt(flight, job, message))
    }

    /// Makes an attempt to deliver a job.
    private func attempt(
        _ flight: SlowDeliveries.Flight, _ job: MailJob, _ message: MailMessage
    ) async -> DeliveryOutcome {
        let start = ContinuousClock.now
        let outcome = await transport.deliver(message, within: timeout, flight.progress).judged(forSenderOf: job)
        let duration = ContinuousClock.now - start
        let isDelivered = outcome.isDelivered(of: message.recipients.count)
        slow.end(flight, isDelivered: isDelivered)
        metrics.count(outcome)
        metrics.duration.observe(duration)
        log.attempted(flight.job, job, outcome, after: duration)
        health.note(outcome, isDelivered: isDelivered)
        return outcome
    }

    /// Acknowledges a job, dead-letters it, or retries it later, by the outcome of an attempt.
    private func conclude(
        _ claimed: ClaimedJob, _ job: MailJob, _ sealed: SealedMailJob, _ outcome: DeliveryOutcome
    ) async {
        let attempts = claimed.attempts + 1
        let delay = schedule.delay(afterAttempts: attempts, jitter: .random(in: 0...1))
        switch outcome {
        case .delivered: await acknowledge(claimed, job)
        case .partial(let partial):
            guard let rest = rest(of: job, partial) else { return await acknowledge(claimed, job) }
            await retryLater(claimed, job, rest, by: delay, attempts: attempts, partial.failure)
        case .permanent(let failure) where failure.subject == .email:
            await deadLetter(claimed, DeadLetterCause(reason: .rejected, attempts: attempts, failure))
        case .unavailable(let failure) where failure.stage < .email:
            // The job did not cause this, so the attempt does not count.
            let delay = schedule.delayAfterOutage(jitter: .random(in: 0...1))
            await retryLater(claimed, job, sealed, by: delay, attempts: claimed.attempts, failure)
        case .permanent(let failure), .unavailable(let failure):
            await judge(claimed, job, sealed, failure)
        case .transient(let failure) where failure.stage == .email && failure.subject == .client:
            await judge(claimed, job, sealed, failure)
        case .transient(let failure):
            await retryLater(claimed, job, sealed, by: delay, attempts: attempts, failure)
        case .ambiguous(let failure): await retryUnconfirmed(claimed, job, sealed, failure)
        }
    }

    /// Retries a job that may have been delivered, or dead-letters it after several attempts. If the server leaves several
    /// messages without a reply, the attempts are farther apart, so that they outlast a short failure.
    private func retryUnconfirmed(
        _ claimed: ClaimedJob, _ job: MailJob, _ sealed: SealedMailJob, _ failure: DeliveryFailure
    ) async {
        let attempts = claimed.attempts + 1
        let isFailing = health.noteUnconfirmed(job, failure)
        guard attempts < JobDelivery.maximumUnconfirmedAttempts else {
            return await deadLetter(
                claimed, DeadLetterCause(reason: .unconfirmed, attempts: attempts, failure))
        }
        let delay = schedule.delay(afterAttempts: isFailing ? attempts + 2 : attempts, jitter: .random(in: 0...1))
        await retryLater(claimed, job, sealed, by: delay, attempts: attempts, failure)
    }

    /// Decides on a job whose refusal may not be due to it.
    private func judge(
        _ claimed: ClaimedJob, _ job: MailJob, _ sealed: SealedMailJob, _ failure: DeliveryFailure
    ) async {
        let attempts = claimed.attempts + 1
        switch health.judge(job, attempts: attempts, failure) {
        case .deadLetter: await deadLetter(claimed, DeadLetterCause(reason: .rejected, attempts: attempts, failure))
        case .retry:
            let delay = schedule.delay(afterAttempts: attempts, jitter: .random(in: 0...1))
            await retryLater(claimed, job, sealed, by: delay, attempts: attempts, failure)
        case .clientRefused:
            let delay = max(health.pauseLeft, schedule.delayAfterOutage(jitter: .random(in: 0...1)))
            await retryLater(claimed, job, sealed, by: delay, attempts: claimed.attempts, failure)
        }
    }

    private func acknowledge(_ claimed: ClaimedJob, _ job: MailJob) async {
        if claimed.priority == .high {
            // The handler's clock may be ahead of this clock.
            metrics.age.observe(.milliseconds(max(0, now().milliseconds - job.issuedAt.milliseconds)))
        }
        await record(claimed) { (queue) throws(RedisError) in try await queue.acknowledge(claimed) }
    }

    /// Returns the job for those recipients that a later attempt may reach; `nil` if there are none.
    private func rest(of job: MailJob, _ partial: PartialDelivery) -> SealedMailJob? {
        let recipients = job.remaining ?? job.recipients
        guard !partial.remaining.isEmpty else { return nil }
        // Without random bytes the others are given up, since those who have the email must not get it again.
        return try? job.forDelivery(to: partial.remaining.map { recipients[$0] }).sealed(
            by: keys.sealing, random: .system)
    }

    /// Decides on a job that does not open. If its key has opened others, it is damaged, and dead-lettered. Otherwise this
    /// worker's key may be missing or wrong: the job is kept, for workers with the right one or until an operator has set
    /// it, and the worker pauses as if the mail server served nobody.
    private func notOpened(_ claimed: ClaimedJob, _ sealed: SealedMailJob, _ error: CryptoError) async {
        let isDamaged = error == .notAuthentic && health.hasOpened(with: sealed.keyID)
        guard !isDamaged, claimed.attempts < JobDelivery.maximumUnopenedAttempts else {
            log.unreadable(sealed.id, error)
            return await deadLetter(claimed, DeadLetterCause(reason: .unreadable, attempts: claimed.attempts))
        }
        health.notOpened(with: sealed.keyID, error)
        let attempts = claimed.attempts + 1
        let delay = max(health.pauseLeft, schedule.delay(afterAttempts: attempts, jitter: .random(in: 0...1)))
        await record(claimed) { (queue) throws(RedisError) in
            guard try await !queue.retryLater(claimed, sealed, by: delay, attempts: attempts) else { return }
            log.released(claimed, "too many jobs are waiting to be retried")
            try await queue.release(claimed)
        }
    }

    // MARK: - Outcomes

    /// Moves a job to the retries, or to the dead letters if its link will have expired when the retry is due.
    private func retryLater(
        _ claimed: ClaimedJob, _ job: MailJob, _ sealed: SealedMailJob, by delay: Duration, attempts: Int,
        _ failure: DeliveryFailure?
    ) async {
        guard now() + delay < job.expiresAt else {
            return await deadLetter(claimed, DeadLetterCause(reason: .expired, attempts: attempts, failure))
        }
        await record(claimed) { (queue) throws(RedisError) in
            guard try await !queue.retryLater(claimed, sealed, by: delay, attempts: attempts) else { return }
            log.released(claimed, "too many jobs are waiting to be retried")
            try await queue.release(claimed)
        }
    }

    private func deadLetter(_ claimed: ClaimedJob, _ cause: DeadLetterCause) async {
        await record(claimed) { (queue) throws(RedisError) in
            try await queue.deadLetter(claimed, cause)
            metrics.deadLetters[cause.reason]?.increment()
            log.deadLettered(claimed, cause)
        }
    }

    /// Records an outcome, and retries that until Redis accepts it. While Redis is unreachable or refuses writes, no other
    /// worker can claim the job either. This worker keeps the job's slot meanwhile, so it does not deliver it again itself,
    /// and keeps at most as many outcomes as it has slots. During shutdown the time is limited: other workers then reclaim
    /// the job, and a message that was delivered is delivered again.
    private func record(_ claimed: ClaimedJob, _ write: (MailQueue) async throws(RedisError) -> Void) async {
        var shutdown: ContinuousClock.Instant?
        let firstDelay = Duration.milliseconds(50)
        var delay = firstDelay
        while true {
            do throws(RedisError) {
                return try await write(queue)
            } catch {
                let isShuttingDown = Task.isShuttingDownGracefully
                if isShuttingDown, shutdown == nil { shutdown = .now }
                let isOver = shutdown.map { .now >= $0 + JobDelivery.recordingTimeAtShutdown } ?? false
                guard !Task.isCancelled, !isOver else { return log.released(claimed, error.description) }
                if delay == firstDelay { log.outcomeNotRecorded(claimed, error) }
                try? await Task.sleep(for: delay)
                delay = min(delay * 2, JobDelivery.longestRecordingDelay)
            }
        }
    }
}

extension DeliveryOutcome {
    /// Whether the server accepted the message for one of a number of recipients.
    fileprivate func isDelivered(of count: Int) -> Bool {
        switch self {
        case .delivered: true
        case .partial(let partial): partial.refusedCount < count
        case .transient, .permanent, .ambiguous, .unavailable: false
        }
    }

    /// The outcome for a job with a sender of its own: if the server refuses that, other email is not concerned.
    fileprivate func judged(forSenderOf job: MailJob) -> DeliveryOutcome {
        guard job.sender != nil, case .unavailable(let failure) = self, failure.stage == .sender,
            let reply = failure.reply
        else { return self }
        let own = DeliveryFailure(
            failure.code, reply: reply, detail: failure.detail, stage: .sender, subject: .unclear,
            words: failure.words)
        return reply.isTransient ? .transient(own) : .permanent(own)
    }
}

extension RenderError {
    fileprivate var reason: DeadLetterCause.Reason {
        switch self {
        case .unknownTemplate: .unknownTemplate
        case .missingValue: .missingValue
        }
    }
}

extension DeadLetterCause {
    fileprivate init(reason: Reason, attempts: Int, _ failure: DeliveryFailure?) {
        self.init(
            reason: reason, attempts: attempts, replyCode: failure?.reply?.code,
            enhancedStatus: failure?.reply?.enhancedStatus)
    }
}
