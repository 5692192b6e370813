/// An instant of wall-clock time, to the millisecond.
package struct UnixTime: Sendable, Hashable, Comparable {
    /// Milliseconds since 1970-01-01 00:00 UTC.
    package let milliseconds: Int

    package init(milliseconds: Int) {
        self.milliseconds = milliseconds
    }

    /// A time that another program gave; `nil` outside the years 1970 to 9999, which is no clock's, and with which
    /// arithmetic could overflow.
    package init?(given milliseconds: Int) {
        guard (0...UnixTime.last.milliseconds).contains(milliseconds) else { return nil }
        self.milliseconds = milliseconds
    }

    /// The end of the year 9999.
    package static let last = UnixTime(milliseconds: 253_402_300_799_999)

    /// Whole seconds since 1970-01-01 00:00 UTC, rounded down.
    package var seconds: Int { milliseconds / 1000 }

    /// The current time of the system's clock.
    package static func now() -> UnixTime {
        var time = timespec()
        // Cannot fail: the pointer is valid.
        clock_gettime(CLOCK_REALTIME, &time)
        return UnixTime(milliseconds: Int(time.tv_sec) * 1000 + Int(time.tv_nsec) / 1_000_000)
    }

    /// A later instant; fractions of a millisecond are dropped from the duration.
    package static func + (time: UnixTime, duration: Duration) -> UnixTime {
        UnixTime(milliseconds: time.milliseconds + duration.milliseconds)
    }

    package static func < (left: UnixTime, right: UnixTime) -> Bool {
        left.milliseconds < right.milliseconds
    }
}
