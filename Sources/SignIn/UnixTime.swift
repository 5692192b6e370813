import FoundationEssentials

/// A moment of wall-clock time, to the millisecond.
public struct UnixTime: Sendable, Hashable, Comparable {
    /// Milliseconds since 1970-01-01 00:00 UTC.
    public let milliseconds: Int

    public init(milliseconds: Int) {
        self.milliseconds = milliseconds
    }

    /// The system's clock, now.
    public static func now() -> UnixTime {
        UnixTime(milliseconds: Int(Date().timeIntervalSince1970 * 1000))
    }

    public static func + (time: UnixTime, duration: Duration) -> UnixTime {
        UnixTime(milliseconds: time.milliseconds + duration.microseconds / 1000)
    }

    public static func < (left: UnixTime, right: UnixTime) -> Bool {
        left.milliseconds < right.milliseconds
    }
}
