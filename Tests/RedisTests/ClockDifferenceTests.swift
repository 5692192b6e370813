import Platform
import Testing

@testable import Redis

@Suite
struct ClockDifferenceTests {
    private static let now = UnixTime(milliseconds: 1_764_000_000_500)

    private static func reply(_ seconds: String, _ microseconds: String = "500000") -> RESPValue {
        .array([.bulk(Array(seconds.utf8)), .bulk(Array(microseconds.utf8))])
    }

    @Test(
        "the difference is counted in whole seconds, and ignored up to one second",
        arguments: [
            ("1764000000", 0, false), ("1764000001", 0, false), ("1763999999", -1500, false),
            ("1764000003", 2500, false), ("1764000031", 30_500, true), ("1763999970", -30_500, true),
            ("0", -1_764_000_000_500, true),
        ])
    func difference(seconds: String, milliseconds: Int, isConspicuous: Bool) throws {
        let difference = try #require(
            ClockDifference(ClockDifferenceTests.reply(seconds), at: ClockDifferenceTests.now))
        #expect(difference.milliseconds == milliseconds)
        #expect(difference.isConspicuous == isConspicuous)
    }

    @Test(
        "a reply that is no time, or that of no clock, says nothing",
        arguments: [
            reply("-1"), reply("253402300800"), reply("9223372036854775807"), reply("x"), reply(""),
            reply("1764000000", "1000000"), reply("1764000000", "-1"), reply("1764000000", ""), .null, .array([]),
            .array([.integer(1_764_000_000), .integer(0)]), .status("OK"),
        ])
    func impossible(reply: RESPValue) {
        #expect(ClockDifference(reply, at: ClockDifferenceTests.now) == nil)
    }
}
