import Bytes
import Platform

/// A token bucket: `burst` tokens at most, refilled evenly so that an empty bucket is full after `period`.
package struct RateLimit: Sendable, Hashable {
    /// The number of tokens in a full bucket, 1 to 1,000,000.
    package let burst: Int
    /// The time in which an empty bucket becomes full, 1 second to 1 day.
    package let period: Duration

    /// Validates a rate; `nil` if `burst` or `period` is out of range, or if more than 100,000 tokens would be refilled
    /// per second, which is too fast for a clock of microseconds.
    package init?(burst: Int, period: Duration) {
        guard (1...1_000_000).contains(burst), (Duration.seconds(1)...Duration.seconds(86_400)).contains(period),
            period.microseconds / burst >= 10
        else { return nil }
        self.burst = burst
        self.period = period
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

    /// The time in which one token is refilled, in microseconds, rounded to the nearest.
    package var microsecondsPerToken: Int {
        (period.microseconds + burst / 2) / burst
    }
}
