/// The delays before retries: 5 seconds at first, then three times as long each time, up to 5 minutes, and half an hour
/// after 30 attempts. Each varies by ±20 %, so that jobs that failed together are not retried together.
struct RetrySchedule: Sendable {
    private static let first = Duration.seconds(5)
    private static let longest = Duration.seconds(300)

    /// The delay for jobs that have waited for more than two hours, such as invitations that work for days: a mail server
    /// blocks those who come too often.
    private static let afterMany = Duration.seconds(1800)
    private static let manyAttempts = 30

    /// The delay after an attempt during which the server was unavailable. It is short, because the breaker prevents
    /// useless attempts.
    private static let afterOutage = Duration.seconds(2)

    /// The delay of a job that is held back because its recipients' domain keeps deliveries waiting.
    private static let whileHeld = Duration.seconds(3)

    /// Returns the delay before the next attempt.
    /// - Parameters:
    ///   - attempts: the number of attempts made, at least 1.
    ///   - jitter: a random number from 0 to 1.
    func delay(afterAttempts attempts: Int, jitter: Double) -> Duration {
        guard attempts < RetrySchedule.manyAttempts else { return RetrySchedule.afterMany * (0.8 + 0.4 * jitter) }
        var delay = RetrySchedule.first
        var attempt = 1
        while attempt < attempts, delay < RetrySchedule.longest {
            delay = delay * 3
            attempt += 1
        }
        return min(delay, RetrySchedule.longest) * (0.8 + 0.4 * jitter)
    }

    /// Returns the delay after an attempt during which the server was unavailable.
    /// - Parameter jitter: a random number from 0 to 1.
    func delayAfterOutage(jitter: Double) -> Duration {
        RetrySchedule.afterOutage * (0.8 + 0.4 * jitter)
    }

    /// Returns the delay of a job that is held back.
    /// - Parameter jitter: a random number from 0 to 1.
    func delayWhileHeld(jitter: Double) -> Duration {
        RetrySchedule.whileHeld * (0.8 + 0.4 * jitter)
    }
}
