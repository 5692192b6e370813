import Bytes
import Redis
import Testing

@Suite
struct RateLimitTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let burst: Int
        let period: Duration
        let microsecondsPerToken: Int
        var testDescription: String { text }
    }

    static let limits = [
        Case(text: "10/10m", burst: 10, period: .seconds(600), microsecondsPerToken: 60_000_000),
        Case(text: "3/15m", burst: 3, period: .seconds(900), microsecondsPerToken: 300_000_000),
        Case(text: "1/1s", burst: 1, period: .seconds(1), microsecondsPerToken: 1_000_000),
        Case(text: "1/1000ms", burst: 1, period: .seconds(1), microsecondsPerToken: 1_000_000),
        Case(text: "1/1d", burst: 1, period: .seconds(86_400), microsecondsPerToken: 86_400_000_000),
        Case(text: "5/24h", burst: 5, period: .seconds(86_400), microsecondsPerToken: 17_280_000_000),
        // A third is rounded down, two thirds and a half up.
        Case(text: "3/10s", burst: 3, period: .seconds(10), microsecondsPerToken: 3_333_333),
        Case(text: "3/5s", burst: 3, period: .seconds(5), microsecondsPerToken: 1_666_667),
        Case(text: "64/1s", burst: 64, period: .seconds(1), microsecondsPerToken: 15_625),
        Case(text: "128/1s", burst: 128, period: .seconds(1), microsecondsPerToken: 7813),
        Case(text: "7/1s", burst: 7, period: .seconds(1), microsecondsPerToken: 142_857),
        // The highest rate.
        Case(text: "100000/1s", burst: 100_000, period: .seconds(1), microsecondsPerToken: 10),
        Case(text: "1000000/10s", burst: 1_000_000, period: .seconds(10), microsecondsPerToken: 10),
        Case(text: "1000000/1d", burst: 1_000_000, period: .seconds(86_400), microsecondsPerToken: 86_400),
    ]

    @Test("a burst and a period are parsed", arguments: RateLimitTests.limits)
    func read(expected: Case) throws {
        let limit = try RateLimit(parsing: expected.text)
        #expect(limit.burst == expected.burst)
        #expect(limit.period == expected.period)
        #expect(limit.microsecondsPerToken == expected.microsecondsPerToken)
        #expect(limit == RateLimit(burst: expected.burst, period: expected.period))
    }

    @Test(
        "any other text is refused",
        arguments: [
            "", "/", "10", "10/", "/10m", "10/10", "10/m", "10m/10", "10/10m/", "10//10m", "/10/10m", "10/10m/1",
            "10:10m", "10 per 10m", " 10/10m", "10/10m ", "10 /10m", "10/ 10m", "10/10m\n", "+10/10m", "-10/10m",
            "10/-10m", "1.5/10m", "10/1.5m", "1e1/10m", "0x10/10m", "１０/10m", "10／10m", "ten/10m", "off", "0/10m",
            "00/10m", "1000001/1d", "99999999999999999999/1d", "10/0s", "10/999ms", "10/1ms", "10/25h", "10/2d",
            "10/86401s", "100001/1s", "1000000/9s", "200000/1s",
        ])
    func refused(text: String) {
        #expect(throws: ParseError.self) { try RateLimit(parsing: text) }
    }

    @Test("a truncated limit is a different limit, or invalid")
    func beginnings() {
        let text = "10/1000ms"
        let accepted = (0...text.count).filter { (try? RateLimit(parsing: String(text.prefix($0)))) != nil }
        // `10/1000m` is valid too: a thousand minutes are less than a day.
        #expect(accepted == [8, 9])
    }

    @Test(
        "as many times the tokens are refilled in the same period, up to the highest rate",
        arguments: [
            ("3/15m", 8, "24/15m"), ("10/10m", 16, "160/10m"), ("10/10m", 1, "10/10m"), ("100000/1s", 16, "100000/1s"),
            ("50000/1s", 4, "100000/1s"), ("500000/1d", 16, "1000000/1d"),
        ])
    func times(text: String, factor: Int, expected: String) throws {
        let limit = try RateLimit(parsing: text).times(factor)
        #expect(limit == (try RateLimit(parsing: expected)))
    }

    static let invalid: [(Int, Duration)] = [
        (0, .seconds(60)), (-1, .seconds(60)), (.min, .seconds(60)), (1_000_001, .seconds(86_400)),
        (.max, .seconds(86_400)),
        (1, .milliseconds(999)), (1, .zero), (1, .seconds(-1)), (1, .seconds(86_401)), (100_001, .seconds(1)),
    ]

    @Test("a limit out of range cannot be created", arguments: RateLimitTests.invalid)
    func bounds(burst: Int, period: Duration) {
        #expect(RateLimit(burst: burst, period: period) == nil)
    }
}
