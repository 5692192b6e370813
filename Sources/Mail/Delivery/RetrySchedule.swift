/// When a job is tried again: after 5 seconds, then after three times as long each time, up to 5 minutes; more or less
/// a fifth, so that jobs that failed together do not come back together.
struct RetrySchedule: Sendable {
    private static let first = Duration.seconds(5)
    private static let longest = Duration.seconds(300)

    /// How long after a server that served nobody a job is looked at again: the breaker keeps it from being tried in
    /// vain.
    private static let afterOutage = Duration.seconds(2)

    /// - Parameters:
    ///   - attempts: how many were made, at least one.
    ///   - jitter: from 0 to 1, random.
    func delay(afterAttempts attempts: Int, jitter: Double) -> Duration {
        var delay = RetrySchedule.first
        var attempt = 1
        while attempt < attempts, delay < RetrySchedule.longest {
            delay = delay * 3
            attempt += 1
        }
        return min(delay, RetrySchedule.longest) * (0.8 + 0.4 * jitter)
    }

    func delayAfterOutage(jitter: Double) -> Duration {
        RetrySchedule.afterOutage * (0.8 + 0.4 * jitter)
    }
}
