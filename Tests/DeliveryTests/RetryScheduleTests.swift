import Testing

@testable import Delivery

@Suite
struct RetryScheduleTests {
    private func milliseconds(_ duration: Duration) -> Int {
        Int((duration / Duration.milliseconds(1)).rounded())
    }

    /// The attempts made, and the seconds until the next one.
    static let delays: [(Int, Int)] = [
        (0, 5), (1, 5), (2, 15), (3, 45), (4, 135), (5, 300), (6, 300), (29, 300), (30, 1800), (10_000, 1800),
    ]

    @Test(
        "delays are three times as long each time, up to five minutes, and half an hour after 30 attempts",
        arguments: RetryScheduleTests.delays)
    func growing(attempts: Int, seconds: Int) {
        let schedule = RetrySchedule()
        #expect(milliseconds(schedule.delay(afterAttempts: attempts, jitter: 0.5)) == seconds * 1000)
        // ±20 %.
        #expect(milliseconds(schedule.delay(afterAttempts: attempts, jitter: 0)) == seconds * 800)
        #expect(milliseconds(schedule.delay(afterAttempts: attempts, jitter: 1)) == seconds * 1200)
    }

    @Test("the delay after an outage is two seconds, ±20 %")
    func afterOutage() {
        let delays = [0, 0.5, 1].map { RetrySchedule().delayAfterOutage(jitter: $0) }
        #expect(delays.map(milliseconds) == [1600, 2000, 2400])
    }
}
