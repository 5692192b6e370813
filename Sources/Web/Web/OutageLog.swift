import Synchronization

/// Limits log lines during an outage: each reason may be reported at most once in a time.
package final class OutageLog: Sendable {
    /// The number of reasons that are remembered. When another one comes, all are forgotten.
    private static let maximumReasonCount = 32

    private let lastReports = Mutex<[String: ContinuousClock.Instant]>([:])
    private let now: @Sendable () -> ContinuousClock.Instant

    package init(now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.now = now
    }

    /// Whether to log the reason now. If so, it is recorded as reported.
    /// - Parameter interval: the time in which it may be reported once.
    package func mayReport(_ reason: String, every interval: Duration = .seconds(10)) -> Bool {
        let now = now()
        return lastReports.withLock { lastReports in
            if let last = lastReports[reason], now - last < interval { return false }
            if lastReports.count >= OutageLog.maximumReasonCount { lastReports = [:] }
            lastReports[reason] = now
            return true
        }
    }
}
