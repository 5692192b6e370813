import Synchronization

/// Keeps an outage from filling the log: a reason is reported when it is new, and again every ten seconds.
package final class OutageLog: Sendable {
    /// So many reasons are told apart; when more come, all are forgotten.
    private static let maximumReasonCount = 32

    private let lastReports = Mutex<[String: ContinuousClock.Instant]>([:])
    private let now: @Sendable () -> ContinuousClock.Instant

    package init(now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.now = now
    }

    package func mayReport(_ reason: String) -> Bool {
        let now = now()
        return lastReports.withLock { lastReports in
            if let last = lastReports[reason], now - last < .seconds(10) { return false }
            if lastReports.count >= OutageLog.maximumReasonCount { lastReports = [:] }
            lastReports[reason] = now
            return true
        }
    }
}
