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

/// A worker: claims jobs from the queue and delivers them, until it is told to end.
///
/// It claims no more than it can deliver at once, so its memory is bounded by that number. Any number of workers share
/// one queue.
package final class Worker: Service {
    /// How long a claim waits for a job to come.
    package static let claimWait = Duration.seconds(1)
    /// How often retries that are due are put back into the stream.
    private static let promotionInterval = Duration.milliseconds(500)
    /// How many retries are put back at once.
    private static let promotionCount = 100
    /// How often what dead workers left is looked for.
    private static let adoptionInterval = Duration.seconds(2)
    /// After so long without a word from it, a worker without jobs is struck off the group.
    private static let dismissalAge = Duration.seconds(3600)

    private let configuration: WorkerConfiguration
    private let queue: MailQueue
    private let delivery: JobDelivery
    private let now: @Sendable () -> UnixTime
    private let metrics: WorkerMetrics
    private let logger: Logger
    private let slots: Slots
    /// Where to look for jobs that came in a reply that was lost; `nil` where none was.
    private let lostClaims = Mutex<PendingPosition?>(nil)
    private let refusalTimer = IntervalTimer(every: .seconds(10))
    private let adoptionTimer = IntervalTimer(every: Worker.adoptionInterval)

    /// - Parameters:
    ///   - keys: those that jobs are sealed under.
    ///   - now: the wall clock.
    package init(
        configuration: WorkerConfiguration, queue: MailQueue, keys: KeyRing, mail: SignInMail,
        transport: any MailTransport, now: @escaping @Sendable () -> UnixTime, metrics: WorkerMetrics, logger: Logger
    ) {
        self.configuration = configuration
        self.queue = queue
        self.now = now
        self.metrics = metrics
        self.logger = logger
        slots = Slots(configuration.concurrency)
        delivery = JobDelivery(
            queue: queue, keys: keys, mail: mail, transport: transport, timeout: configuration.deliveryTimeout,
            now: now, metrics: metrics, log: WorkerLog(logger: logger))
    }

    /// Works until graceful shutdown or cancellation. Then it claims no more, lets what is being delivered come to its
    /// end within its deadline, and leaves the group.
    package func run() async {
        logger.notice("sending", metadata: ["concurrency": "\(slots.count)"])
        await withDiscardingTaskGroup { group in
            group.addTask { await cancelWhenGracefulShutdown { await self.upkeep() } }
            while !isEnding {
                // What is in a place already came back because its end could not be written down for so long.
                for job in await claim() where !slots.holds(job.entry) {
                    slots.take(job.entry)
                    metrics.claimed.increment()
                    metrics.inFlight.add(1)
                    group.addTask {
                        await self.delivery.run(job)
                        self.metrics.inFlight.add(-1)
                        self.slots.giveBack(job.entry)
                    }
                }
            }
            logger.notice("draining", metadata: ["in_flight": "\(metrics.inFlight.value)"])
        }
        try? await queue.leave()
        logger.notice("stopped")
    }

    private var isEnding: Bool { Task.isCancelled || Task.isShuttingDownGracefully }

    // MARK: - Claiming

    /// As many jobs as there are free places, waiting for the first: of a dead worker's, now and then, or else new
    /// ones.
    private func claim() async -> [ClaimedJob] {
        switch delivery.permission {
        case .nothing(let time):
            await pause(until: time)
            return []
        case .one:
            _ = await slots.free(all: true)
            return await claim(atMost: 1)
        case .all:
            let count = await slots.free()
            return await claim(atMost: count)
        }
    }

    private func claim(atMost count: Int) async -> [ClaimedJob] {
        // That may have come while a place was waited for.
        guard !isEnding else { return [] }
        do throws(RedisError) {
            if let start = lostClaims.withLock({ $0 }) {
                let (jobs, next) = try await queue.claimLost(from: start, atMost: count, unless: slots.holds)
                lostClaims.withLock { $0 = next }
                if !jobs.isEmpty { return jobs }
            }
            if adoptionTimer.isDue() {
                let adopted = try await queue.reclaim(atMost: count, idleFor: takeoverAge)
                if !adopted.isEmpty { return adopted }
            }
            return try await queue.claim(atMost: count, waiting: Worker.claimWait)
        } catch {
            report(error)
            lostClaims.withLock { $0 = .start }
            await pause(until: .now + .milliseconds(200))
            return []
        }
    }

    /// Of a connection that is lost the client has told; that Redis refuses is told here, now and then.
    private func report(_ error: RedisError) {
        guard case .server = error, refusalTimer.isDue() else {
            return logger.debug("redis_call_failed", metadata: ["reason": "\(error)"])
        }
        logger.warning("redis_refused", metadata: ["reason": "\(error)"])
    }

    /// For how long nothing must have been heard of a job's worker: longer than a delivery, and the writing down of its
    /// end.
    private var takeoverAge: Duration {
        configuration.deliveryTimeout + configuration.redisTimeout + .seconds(5)
    }

    private func pause(until time: ContinuousClock.Instant) async {
        await cancelWhenGracefulShutdown { try? await Task.sleep(until: time) }
    }

    // MARK: - Upkeep

    /// What any worker does for all: puts back what is due, strikes off who is gone, and forgets what is long dead.
    private func upkeep() async {
        let cleaningTimer = IntervalTimer(every: .seconds(300))
        while !Task.isCancelled {
            do throws(RedisError) {
                while try await queue.promoteDue(atMost: Worker.promotionCount) == Worker.promotionCount {}
                metrics.queueLength.set(try await queue.length())
                if cleaningTimer.isDue() {
                    try await queue.removeConsumers(idleFor: Worker.dismissalAge)
                    try await queue.trimDeadLetters(at: now())
                }
            } catch {
                report(error)
            }
            try? await Task.sleep(for: Worker.promotionInterval)
        }
    }
}
