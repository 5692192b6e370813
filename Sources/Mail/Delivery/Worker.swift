import Cryptography
import Logging
import MailMessage
import MailQueue
import Platform
import Redis
import ServiceLifecycle
import Synchronization
import Telemetry

/// A worker: a service that claims jobs from the queue and delivers them, until shutdown.
///
/// It claims no more jobs than it can deliver at once, which bounds its memory. Any number of workers can share one
/// queue.
package final class Worker: Service {
    /// The maximum time that a claim waits for a job.
    package static let claimWait = Duration.seconds(1)
    /// The interval at which due retries are moved back to the stream.
    private static let promotionInterval = Duration.milliseconds(500)
    /// The maximum number of retries moved by one call.
    private static let promotionCount = 100
    /// The interval at which the deliveries under way are looked at.
    private static let checkInterval = Duration.milliseconds(250)
    /// The interval at which jobs of dead workers are reclaimed.
    private static let reclaimInterval = Duration.seconds(2)
    /// The idle time after which consumers without jobs are removed from the group.
    private static let consumerIdleTime = Duration.seconds(3600)

    private let configuration: WorkerConfiguration
    private let queue: MailQueue
    private let delivery: JobDelivery
    private let now: @Sendable () -> UnixTime
    private let metrics: WorkerMetrics
    private let logger: Logger
    private let slots: Slots
    /// The position from which to look for jobs whose replies were lost, or `nil` if there is nothing to look for.
    private let lostClaims = Mutex<PendingPosition?>(nil)
    private let refusalTimer = IntervalTimer(every: .seconds(10))
    private let reclaimTimer = IntervalTimer(every: Worker.reclaimInterval)

    /// - Parameters:
    ///   - keys: the keys that open jobs.
    ///   - renderer: renders messages.
    ///   - now: returns the current time.
    package init(
        configuration: WorkerConfiguration, queue: MailQueue, keys: MailJobKeys, renderer: MailRenderer,
        transport: any MailTransport, now: @escaping @Sendable () -> UnixTime, metrics: WorkerMetrics, logger: Logger
    ) {
        self.configuration = configuration
        self.queue = queue
        self.now = now
        self.metrics = metrics
        self.logger = logger
        slots = Slots(configuration.concurrency)
        delivery = JobDelivery(
            queue: queue, keys: keys, renderer: renderer, transport: transport, timeout: configuration.deliveryTimeout,
            slots: slots, now: now, metrics: metrics, log: WorkerLog(logger: logger))
    }

    /// Claims and delivers jobs until graceful shutdown or cancellation. Then it claims no more, completes current
    /// deliveries within their deadlines, and leaves the group.
    package func run() async {
        logger.notice("sending", metadata: ["concurrency": "\(slots.count)"])
        await withDiscardingTaskGroup { group in
            group.addTask { await cancelWhenGracefulShutdown { await self.maintainQueue() } }
            group.addTask { await cancelWhenGracefulShutdown { await self.checkDeliveries() } }
            while !isEnding {
                // A job that has a slot was claimed again because recording its outcome took too long.
                for job in await claim() where !slots.holds(job.key) {
                    slots.take(job.key)
                    metrics.claimed.increment()
                    metrics.inFlight.add(1)
                    group.addTask {
                        await self.delivery.run(job)
                        self.metrics.inFlight.add(-1)
                        self.slots.giveBack(job.key)
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

    /// Waits for a free slot, and claims as many jobs as the free slots and the breaker allow.
    private func claim() async -> [ClaimedJob] {
        switch delivery.permission {
        case .nothing(let time):
            await pause(until: time)
            return []
        case .one:
            _ = await slots.free(all: true)
            return await claim(atMost: 1)
        case .some(let limit):
            let count = await slots.free()
            return await claim(atMost: min(count, limit))
        case .all:
            let count = await slots.free()
            return await claim(atMost: count)
        }
    }

    private func claim(atMost count: Int) async -> [ClaimedJob] {
        // Shutdown may have begun during the wait for a slot.
        guard !isEnding else { return [] }
        do throws(RedisError) {
            if let start = lostClaims.withLock({ $0 }) {
                let (jobs, next) = try await queue.claimLost(from: start, atMost: count, unless: slots.holds)
                lostClaims.withLock { $0 = next }
                if !jobs.isEmpty { return jobs }
            }
            if reclaimTimer.isDue() {
                let reclaimed = try await queue.reclaim(atMost: count, idleFor: reclaimIdleTime)
                if !reclaimed.isEmpty { return reclaimed }
            }
            return try await queue.claim(atMost: count, waiting: Worker.claimWait)
        } catch {
            report(error)
            // Redis may take writes again from now on. Other workers then record the outcomes that they kept: until they
            // have, their jobs are not reclaimed, or they would be sent again.
            reclaimTimer.restart()
            lostClaims.withLock { $0 = .start }
            await pause(until: .now + .milliseconds(200))
            return []
        }
    }

    /// Logs an error of Redis at most every ten seconds. Lost connections are logged by the Redis client.
    private func report(_ error: RedisError) {
        guard case .server = error, refusalTimer.isDue() else {
            return logger.debug("redis_call_failed", metadata: ["reason": "\(error)"])
        }
        logger.warning("redis_refused", metadata: ["reason": "\(error)"])
    }

    /// Logs the settings of Redis under which mail can be lost.
    private func reportSetup() async throws(RedisError) {
        for warning in try await queue.setupWarnings() {
            logger.warning(
                "redis_endangers_mail",
                metadata: ["setting": "\(warning.setting)", "value": "\(warning.value)", "right": "\(warning.right)"])
        }
    }

    /// The idle time after which a job is reclaimed. It is longer than a delivery and the recording of its outcome.
    private var reclaimIdleTime: Duration {
        configuration.deliveryTimeout + configuration.redisTimeout + .seconds(5)
    }

    private func pause(until time: ContinuousClock.Instant) async {
        await cancelWhenGracefulShutdown { try? await Task.sleep(until: time) }
    }

    private func checkDeliveries() async {
        while !Task.isCancelled {
            delivery.checkProgress()
            try? await Task.sleep(for: Worker.checkInterval)
        }
    }

    // MARK: - Maintenance

    /// Maintains the queue for all workers: moves due retries back to the stream, removes idle consumers, and trims the
    /// dead letters.
    private func maintainQueue() async {
        let cleaningTimer = IntervalTimer(every: .seconds(300))
        var isSetupReported = false
        while !Task.isCancelled {
            do throws(RedisError) {
                if !isSetupReported {
                    try await reportSetup()
                    isSetupReported = true
                }
                while try await queue.promoteDue(atMost: Worker.promotionCount) == Worker.promotionCount,
                    !Task.isCancelled
                {}
                for priority in MailPriority.allCases {
                    metrics.queueLength[priority]?.set(try await queue.length(of: priority))
                }
                if cleaningTimer.isDue() {
                    try await queue.removeConsumers(idleFor: Worker.consumerIdleTime)
                    try await queue.trimDeadLetters(at: now())
                }
            } catch {
                report(error)
            }
            try? await Task.sleep(for: Worker.promotionInterval)
        }
    }
}
