import Bytes
import Platform

/// A token bucket: `burst` tokens at most, refilled evenly so that an empty bucket is full after `period`.
package struct RateLimit: Sendable, Hashable {
    /// The number of tokens in a full bucket, 1 to 1,000,000.
    package let burst: Int
    /// The time in which an empty bucket becomes full, 1 second to 1 day.
    package let period: Duration
    /// The time in which one token is refilled, in microseconds, rounded to the nearest.
    package let microsecondsPerToken: Int

    private static let maximumBurst = 1_000_000
    /// The shortest time for a token, because Redis' clock is one of microseconds.
    private static let minimumMicrosecondsPerToken = 10

    /// Validates a rate; `nil` if `burst` or `period` is out of range, or if more than 100,000 tokens would be refilled
    /// per second, which is too fast for a clock of microseconds.
    package init?(burst: Int, period: Duration) {
        guard (1...RateLimit.maximumBurst).contains(burst),
            (Duration.seconds(1)...Duration.seconds(86_400)).contains(period),
            period.microseconds / burst >= RateLimit.minimumMicrosecondsPerToken
        else { return nil }
        self.init(valid: burst, period)
    }

    private init(valid burst: Int, _ period: Duration) {
        self.burst = burst
        self.period = period
        microsecondsPerToken = (period.microseconds + burst / 2) / burst
    }

    /// Parses `BURST/PERIOD`, such as `10/10m`.
    /// - Throws: ``ParseError`` with the rule for both.
    package init(parsing text: String) throws(ParseError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].isASCIIDigits, let burst = Int(parts[0]),
            let period = Duration(parsing: parts[1]), let limit = RateLimit(burst: burst, period: period)
        else {
            throw ParseError(
                "must be BURST/PERIOD, such as 10/10m: burst 1 to 1000000, period 1s to 1d, at most 100000 per second",
                example: "10/10m")
        }
        self = limit
    }

    /// A rate of as many times the tokens in the same period, or of the most that a rate can have.
    /// - Parameter factor: at least 1.
    package func times(_ factor: Int) -> RateLimit {
        let fastest = period.microseconds / RateLimit.minimumMicrosecondsPerToken
        return RateLimit(valid: min(burst * factor, RateLimit.maximumBurst, fastest), period)
    }

    /// The time in which an empty bucket becomes full, in microseconds.
    var capacityMicroseconds: Int { burst * microsecondsPerToken }
}
