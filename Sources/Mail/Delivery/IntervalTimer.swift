import Synchronization

/// A timer for something that is done at most once in an interval.
final class IntervalTimer: Sendable {
    private let interval: Duration
    private let next: Mutex<ContinuousClock.Instant>

    /// Creates a timer that is due immediately.
    init(every interval: Duration) {
        self.interval = interval
        next = Mutex(.now)
    }

    /// Returns whether the timer is due. If so, it is due again after the interval.
    func isDue() -> Bool {
        let now = ContinuousClock.now
        return next.withLock { next in
            guard now >= next else { return false }
            next = now + interval
            return true
        }
    }

    /// Begins the interval again: the timer is not due before its end.
    func restart() {
        next.withLock { $0 = .now + interval }
    }
}
