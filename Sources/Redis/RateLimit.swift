import Bytes
import Platform

/// A token bucket: `burst` tokens at most, refilled evenly so that an empty bucket is full after `period`.
package struct RateLimit: Sendable, Hashable {
    /// How many tokens a full bucket holds.
    package let burst: Int
    /// How long an empty bucket takes to fill, at least a second and at most a day.
    package let period: Duration

    /// - Returns: `nil` where `burst` is not from 1 to 1,000,000, `period` not from a second to a day, or more than
    ///   100,000 tokens are refilled a second, which would be too fast for a clock of microseconds to keep apart.
    package init?(burst: Int, period: Duration) {
        guard (1...1_000_000).contains(burst), (Duration.seconds(1)...Duration.seconds(86_400)).contains(period),
            period.microseconds / burst >= 10
        else { return nil }
        self.burst = burst
        self.period = period
    }

    /// Reads `burst/period`, such as `10/10m`.
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

    /// How long one token takes to be refilled, in whole microseconds, rounded to the nearest.
    package var microsecondsPerToken: Int {
        (period.microseconds + burst / 2) / burst
    }
}
