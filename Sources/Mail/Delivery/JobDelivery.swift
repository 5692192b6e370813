import Cryptography
import Logging
import MailMessage
import MailQueue
import Net
import Platform
import Redis
import ServiceLifecycle
import Synchronization
import Telemetry

/// One e-mail, from the claimed job to its end: opened, written, delivered, and settled, put off or given up.
final class JobDelivery: Sendable {
    /// A job that was claimed more often than this, and never ended, is not tried again.
    static let maximumClaims = 5
    /// A message whose reply was lost is sent again, but not beyond so many attempts: each may have delivered it.
    static let maximumUnconfirmedAttempts = 3
    /// How long the end of a job is tried to be written down when the worker is to end.
    private static let patienceAtTheEnd = Duration.seconds(5)
    /// How long it is while Redis refuses to.
    private static let patienceWithRefusals = Duration.seconds(30)

    private let queue: MailQueue
    private let keys: KeyRing
    private let mail: SignInMail
    private let transport: any MailTransport
    private let timeout: Duration
    private let schedule = RetrySchedule()
    private let breaker: Mutex<Breaker>
    private let now: @Sendable () -> UnixTime
    private let metrics: WorkerMetrics
    private let log: WorkerLog

    init(
        queue: MailQueue, keys: KeyRing, mail: SignInMail, transport: any MailTransport, timeout: Duration,
        now: @escaping @Sendable () -> UnixTime, metrics: WorkerMetrics, log: WorkerLog
    ) {
        self.queue = queue
        self.keys = keys
        self.mail = mail
        self.transport = transport
        self.timeout = timeout
        self.now = now
        self.metrics = metrics
        self.log = log
        breaker = Mutex(Breaker())
    }

    /// What may be claimed now.
    var permission: Breaker.Permission { breaker.withLock { $0.permission(at: .now) } }

    /// Takes a job to its end. It always comes to one, if only that the job is left to others.
    func run(_ claimed: ClaimedJob) async {
        // Of a later version: left to workers that know it, which take it over.
        guard !claimed.isOfOtherVersion else {
            log.released(claimed, "unknown job version")
            return await persist(claimed) { (queue) throws(RedisError) in try await queue.release(claimed) }
        }
        guard claimed.claims <= JobDelivery.maximumClaims else {
            return await deadLetter(claimed, DeadLetterCause(reason: .poison, attempts: claimed.attempts))
        }
        guard let sealed = claimed.job, let job = open(sealed) else {
            return await deadLetter(claimed, DeadLetterCause(reason: .unreadable, attempts: claimed.attempts))
        }
        guard now() < job.expiresAt else {
            return await deadLetter(claimed, DeadLetterCause(reason: .expired, attempts: claimed.attempts))
        }
        let start = ContinuousClock.now
        let outcome = await transport.deliver(mail.message(for: job), within: timeout, nil)
        let duration = ContinuousClock.now - start
        metrics.count(outcome)
        metrics.duration.observe(duration)
        log.attempted(claimed, outcome, after: duration)
        tellBreaker(of: outcome)
        switch outcome {
        case .delivered:
            // The handler's clock may be ahead of this one.
            metrics.age.observe(.milliseconds(max(0, now().milliseconds - job.issuedAt.milliseconds)))
            await persist(claimed) { (queue) throws(RedisError) in try await queue.acknowledge(claimed) }
        case .permanent(let failure):
            await deadLetter(claimed, DeadLetterCause(reason: .rejected, attempts: claimed.attempts + 1, failure))
        case .ambiguous(let failure) where claimed.attempts + 1 >= JobDelivery.maximumUnconfirmedAttempts:
            await deadLetter(claimed, DeadLetterCause(reason: .unconfirmed, attempts: claimed.attempts + 1, failure))
        case .transient(let failure), .ambiguous(let failure):
            let attempts = claimed.attempts + 1
            let delay = schedule.delay(afterAttempts: attempts, jitter: .random(in: 0...1))
            await retryLater(claimed, job, sealed, by: delay, attempts: attempts, failure)
        case .unavailable(let failure):
            // Not the job's fault: it keeps its attempts.
            let delay = schedule.delayAfterOutage(jitter: .random(in: 0...1))
            await retryLater(claimed, job, sealed, by: delay, attempts: claimed.attempts, failure)
        }
    }

    private func open(_ sealed: SealedMailJob) -> MailJob? {
        do {
            return try MailJob(opening: sealed, with: keys)
        } catch {
            log.unreadable(sealed.id, error)
            return nil
        }
    }

    /// A server that answers, if only to refuse one message, is there; one that does not, or turns everybody away, is
    /// not.
    private func tellBreaker(of outcome: DeliveryOutcome) {
        switch outcome {
        case .transient(let failure) where failure.reply == nil, .unavailable(let failure), .ambiguous(let failure):
            let pause = breaker.withLock { $0.failed(at: .now, jitter: .random(in: 0...1)) }
            if let pause { log.paused(for: pause, failure) }
        case .delivered, .transient, .permanent:
            if breaker.withLock({ $0.succeeded() }) { log.resumed() }
        }
    }

    // MARK: - Ends

    /// Puts a job off, unless its link would be dead by then.
    private func retryLater(
        _ claimed: ClaimedJob, _ job: MailJob, _ sealed: SealedMailJob, by delay: Duration, attempts: Int,
        _ failure: DeliveryFailure
    ) async {
        guard now() + delay < job.expiresAt else {
            return await deadLetter(claimed, DeadLetterCause(reason: .expired, attempts: attempts, failure))
        }
        await persist(claimed) { (queue) throws(RedisError) in
            guard try await !queue.retryLater(claimed, sealed, by: delay, attempts: attempts) else { return }
            log.released(claimed, "too many jobs are waiting to be retried")
            try await queue.release(claimed)
        }
    }

    private func deadLetter(_ claimed: ClaimedJob, _ end: DeadLetterCause) async {
        await persist(claimed) { (queue) throws(RedisError) in
            try await queue.deadLetter(claimed, end)
            metrics.deadLetters[end.reason]?.increment()
            log.deadLettered(claimed, end)
        }
    }

    /// Writes an end down. While Redis is away nobody else can take the job, so this waits for its return; but not for
    /// long where the worker is to end, nor where Redis is there and refuses: then others find the job, and what was
    /// delivered is delivered once more.
    private func persist(_ claimed: ClaimedJob, _ write: (MailQueue) async throws(RedisError) -> Void) async {
        let start = ContinuousClock.now
        let firstDelay = Duration.milliseconds(50)
        var delay = firstDelay
        while true {
            do throws(RedisError) {
                return try await write(queue)
            } catch {
                let patience: Duration? =
                    if Task.isShuttingDownGracefully { JobDelivery.patienceAtTheEnd } else if case .server = error {
                        JobDelivery.patienceWithRefusals
                    } else { nil }
                guard !Task.isCancelled, patience.map({ .now < start + $0 }) ?? true else {
                    return log.released(claimed, error.description)
                }
                if delay == firstDelay { log.outcomeNotRecorded(claimed, error) }
                try? await Task.sleep(for: delay)
                delay = min(delay * 2, .seconds(1))
            }
        }
    }
}

extension DeadLetterCause {
    fileprivate init(reason: Reason, attempts: Int, _ failure: DeliveryFailure) {
        self.init(
            reason: reason, attempts: attempts, replyCode: failure.reply?.code,
            enhancedStatus: failure.reply?.enhancedStatus)
    }
}
