import Synchronization

/// Keeps an outage from filling the log: a reason is reported when it is new, and again every ten seconds.
final class OutageLog: Sendable {
    private let last = Mutex<(reason: String, at: ContinuousClock.Instant)?>(nil)
    private let now: @Sendable () -> ContinuousClock.Instant

    init(now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.now = now
    }

    func mayReport(_ reason: String) -> Bool {
        let now = now()
        return last.withLock { last in
            if let last, last.reason == reason, now - last.at < .seconds(10) { return false }
            last = (reason, now)
            return true
        }
    }
}
