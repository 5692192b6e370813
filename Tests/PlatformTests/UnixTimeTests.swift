import Foundation
import Platform
import Testing

@Suite
struct UnixTimeTests {
    static let sums: [(Int, Duration, Int)] = [
        (0, .zero, 0), (0, .milliseconds(1), 1), (1000, .seconds(900), 901_000),
        (1_735_689_600_123, .seconds(86_400), 1_735_776_000_123),
        (5, .milliseconds(-5), 0), (0, .microseconds(999), 0), (0, .microseconds(1999), 1),
    ]

    @Test("a duration is added in whole milliseconds", arguments: UnixTimeTests.sums)
    func sum(milliseconds: Int, duration: Duration, expected: Int) {
        #expect(UnixTime(milliseconds: milliseconds) + duration == UnixTime(milliseconds: expected))
    }

    @Test("an earlier time is less than a later one")
    func order() {
        let earlier = UnixTime(milliseconds: 1)
        let later = UnixTime(milliseconds: 2)
        #expect(earlier < later)
        #expect(!(later < earlier))
        #expect(!(earlier < earlier))
        #expect([later, earlier].min() == earlier)
    }

    @Test("the current time is between two readings of Foundation's clock")
    func now() {
        let before = Date().timeIntervalSince1970 * 1000
        let now = Double(UnixTime.now().milliseconds)
        let after = Date().timeIntervalSince1970 * 1000
        // UnixTime drops the fraction of a millisecond that the doubles have.
        #expect(before - 2 <= now)
        #expect(now <= after + 2)
    }
}
