#if canImport(Glibc)
    import Glibc
    import SwiftOverlayShims
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A moment of wall-clock time, to the millisecond.
public struct UnixTime: Sendable, Hashable, Comparable {
    /// Milliseconds since 1970-01-01 00:00 UTC.
    public let milliseconds: Int

    public init(milliseconds: Int) {
        self.milliseconds = milliseconds
    }

    /// The system's clock, now.
    public static func now() -> UnixTime {
        var time = timespec()
        // Cannot fail: the pointer is valid.
        clock_gettime(CLOCK_REALTIME, &time)
        return UnixTime(milliseconds: Int(time.tv_sec) * 1000 + Int(time.tv_nsec) / 1_000_000)
    }

    public static func + (time: UnixTime, duration: Duration) -> UnixTime {
        UnixTime(milliseconds: time.milliseconds + duration.microseconds / 1000)
    }

    public static func < (left: UnixTime, right: UnixTime) -> Bool {
        left.milliseconds < right.milliseconds
    }
}
