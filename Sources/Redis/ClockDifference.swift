import Platform

/// The time by which Redis' clock is ahead of this process', negative if it is behind. Links, limits and jobs end by Redis'
/// clock, so times that are stored there are given by it, too.
struct ClockDifference: Equatable {
    let milliseconds: Int

    /// A difference that is less can come from the way of the reply, and matters to nobody.
    private static let noise = 1000
    /// A difference that is more is told: it also shows in assertions and certificates.
    private static let conspicuous = 30_000

    /// Reads the reply to `TIME`: seconds and microseconds. `nil` for any other reply, and for times that no clock shows.
    init?(_ reply: RESPValue, at now: UnixTime) {
        guard case .array(let parts) = reply, parts.count == 2, case .bulk(let seconds) = parts[0],
            let seconds = Int(String(decoding: seconds, as: UTF8.self)), (0...ClockDifference.latest).contains(seconds)
        else { return nil }
        let difference = seconds * 1000 - now.milliseconds
        milliseconds = abs(difference) <= ClockDifference.noise ? 0 : difference
    }

    /// The year 9999.
    private static let latest = 253_402_300_799

    /// Whether a person should set a clock.
    var isConspicuous: Bool { abs(milliseconds) > ClockDifference.conspicuous }
}
