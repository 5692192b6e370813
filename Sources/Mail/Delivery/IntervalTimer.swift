import Synchronization

/// Says when something that is done now and then is due.
final class IntervalTimer: Sendable {
    private let interval: Duration
    private let next: Mutex<ContinuousClock.Instant>

    /// Due for the first time at once.
    init(every interval: Duration) {
        self.interval = interval
        next = Mutex(.now)
    }

    /// Whether it is due; if so, it is due again after the interval.
    func isDue() -> Bool {
        let now = ContinuousClock.now
        return next.withLock { next in
            guard now >= next else { return false }
            next = now + interval
            return true
        }
    }
}
