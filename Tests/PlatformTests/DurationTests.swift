import Platform
import Testing

@Suite
struct DurationTests {
    static let durations: [(String, Duration)] = [
        ("0s", .zero), ("1ms", .milliseconds(1)), ("500ms", .milliseconds(500)), ("1s", .seconds(1)),
        ("30s", .seconds(30)),
        ("90s", .seconds(90)), ("1m", .seconds(60)), ("15m", .seconds(900)), ("1h", .seconds(3600)),
        ("24h", .seconds(86_400)),
        ("1d", .seconds(86_400)), ("7d", .seconds(604_800)), ("007s", .seconds(7)),
        ("999999999ms", .milliseconds(999_999_999)),
        ("1000d", .seconds(86_400_000)), ("24000h", .seconds(86_400_000)), ("86400000s", .seconds(86_400_000)),
    ]

    @Test("a whole number and its unit are parsed", arguments: DurationTests.durations)
    func read(text: String, expected: Duration) {
        #expect(Duration(parsing: text) == expected)
        #expect(Duration(parsing: text[...]) == expected)
    }

    @Test(
        "anything else, and more than 1,000 days, is refused",
        arguments: [
            "", "1", "s", "ms", " 1s", "1s ", "1 s", "1s\n", "1s\0", "-1s", "+1s", "1.5s", "1,000s", "1e3s", "0x1s",
            "1S", "1MS", "1M", "1H", "1D", "1us", "1µs", "1ns", "1sec", "1min", "1w", "1y", "1ss", "1sm", "1m30s",
            "1h1", "PT1S", "off", "inf", "１s", "1\u{301}s", "¹s", "5️⃣s", "1001d", "24001h", "86400001s",
            "1000000000ms", "999999999s", "999999999d", "9999999999s", "99999999999999999999s",
        ])
    func refused(text: String) {
        #expect(Duration(parsing: text) == nil)
    }

    @Test("a truncated duration is a different duration, or invalid")
    func beginnings() {
        let expected: [Duration?] = [nil, nil, nil, nil, .seconds(9000), .milliseconds(150)]
        for length in 0...5 { #expect(Duration(parsing: "150ms".prefix(length)) == expected[length]) }
    }

    static let microseconds: [(Duration, Int)] = [
        (.zero, 0), (.microseconds(1), 1), (.nanoseconds(999), 0), (.nanoseconds(1999), 1), (.milliseconds(1), 1000),
        (.milliseconds(1500), 1_500_000), (.seconds(1), 1_000_000), (.seconds(86_400), 86_400_000_000),
    ]

    @Test("a duration in microseconds is rounded down", arguments: DurationTests.microseconds)
    func inMicroseconds(duration: Duration, count: Int) {
        #expect(duration.microseconds == count)
    }

    static let seconds: [(Duration, Int)] = [
        (.zero, 0), (.nanoseconds(1), 1), (.milliseconds(1), 1), (.milliseconds(999), 1), (.seconds(1), 1),
        (.milliseconds(1001), 2),
        (.seconds(59), 59), (.milliseconds(59_500), 60), (.seconds(86_400), 86_400),
    ]

    @Test("seconds are rounded up, so that no client retries too early", arguments: DurationTests.seconds)
    func roundedUp(duration: Duration, count: Int) {
        #expect(duration.secondsRoundedUp == count)
    }
}
