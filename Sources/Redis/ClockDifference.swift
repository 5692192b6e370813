import Platform

/// The time by which Redis' clock is ahead of this process', negative if it is behind. Links, limits and jobs end by Redis'
/// clock, so times that are stored there are given by it, too.
struct ClockDifference: Equatable {
    let milliseconds: Int

    /// A difference that is less can come from the way of the reply, and matters to nobody.
    private static let noise = 1000
    /// A difference that is more is told: it also shows in assertions and certificates.
    private static let conspicuous = 30_000

    /// Reads the reply to `TIME`. `nil` for any other reply, and for times that no clock shows.
    init?(_ reply: RESPValue, at now: UnixTime) {
        guard let time = UnixTime(reply) else { return nil }
        let difference = time.seconds * 1000 - now.milliseconds
        milliseconds = abs(difference) <= ClockDifference.noise ? 0 : difference
    }

    /// Whether a person should set a clock.
    var isConspicuous: Bool { abs(milliseconds) > ClockDifference.conspicuous }
}

extension UnixTime {
    /// Reads the reply to `TIME`: seconds and microseconds. `nil` for any other reply, and for times that no clock shows.
    package init?(_ reply: RESPValue) {
        guard case .array(let parts) = reply, parts.count == 2, case .bulk(let seconds) = parts[0],
            case .bulk(let microseconds) = parts[1], let seconds = Int(String(decoding: seconds, as: UTF8.self)),
            let microseconds = Int(String(decoding: microseconds, as: UTF8.self)),
            (0...UnixTime.last.seconds).contains(seconds), (0..<1_000_000).contains(microseconds)
        else { return nil }
        self.init(milliseconds: seconds * 1000 + microseconds / 1000)
    }
}
