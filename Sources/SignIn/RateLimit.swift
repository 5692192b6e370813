import Validation

/// A token bucket: `burst` tokens at most, refilled evenly so that an empty bucket is full after `period`.
public struct RateLimit: Sendable, Hashable {
    /// How many tokens a full bucket holds.
    public let burst: Int
    /// How long an empty bucket takes to fill, at least a second and at most a day.
    public let period: Duration

    /// Why a text is not a limit.
    public struct Invalid: Error, Equatable, CustomStringConvertible {
        public init() {}

        public let description =
            "must be BURST/PERIOD, such as 10/10m: 1 to 1000000 tokens, 1s to 1d, at most 100000 tokens a second"
    }

    /// - Returns: `nil` where `burst` is not from 1 to 1,000,000, `period` not from a second to a day, or more than
    ///   100,000 tokens are refilled a second, which would be too fast for a clock of microseconds to keep apart.
    public init?(burst: Int, period: Duration) {
        guard (1...1_000_000).contains(burst), (Duration.seconds(1)...Duration.seconds(86_400)).contains(period),
            period.microseconds / burst >= 10
        else { return nil }
        self.burst = burst
        self.period = period
    }

    /// Reads `burst/period`, such as `10/10m`.
    public init(parsing text: String) throws(Invalid) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.allSatisfy(\.isASCIIDigit), let burst = Int(parts[0]),
            let period = Duration(parsing: parts[1]), let limit = RateLimit(burst: burst, period: period)
        else { throw Invalid() }
        self = limit
    }

    /// How long one token takes to be refilled, in whole microseconds, rounded to the nearest.
    public var microsecondsPerToken: Int {
        (period.microseconds + burst / 2) / burst
    }
}
