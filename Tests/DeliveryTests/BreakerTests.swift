import Testing

@testable import Delivery

@Suite
struct BreakerTests {
    private let start = ContinuousClock.now

    /// A breaker that was opened for one second by three failures at `start`.
    private func opened() -> Breaker {
        var breaker = Breaker()
        for _ in 0..<3 { _ = breaker.failed(at: start, jitter: 0.5) }
        return breaker
    }

    private func milliseconds(_ duration: Duration?) -> Int? {
        duration.map { Int(($0 / Duration.milliseconds(1)).rounded()) }
    }

    @Test("initially, and after two failures, all jobs may be claimed")
    func closed() {
        var breaker = Breaker()
        #expect(breaker.permission(at: start) == .all)
        for _ in 0..<2 {
            #expect(breaker.failed(at: start, jitter: 1) == nil)
            #expect(breaker.permission(at: start) == .all)
        }
    }

    @Test(
        "the third consecutive failure opens the breaker for one second, ±20 %",
        arguments: [(0.0, 800), (0.25, 900), (0.5, 1000), (1.0, 1200)])
    func third(jitter: Double, expected: Int) throws {
        var breaker = Breaker()
        _ = breaker.failed(at: start, jitter: 0)
        _ = breaker.failed(at: start, jitter: 0)
        let opened = breaker.failed(at: start, jitter: jitter)
        let pause = try #require(opened)
        #expect(milliseconds(pause) == expected)
        let end = start + pause
        #expect(breaker.permission(at: start) == .nothing(until: end))
        #expect(breaker.permission(at: end - .nanoseconds(1)) == .nothing(until: end))
        // Then one job is tried.
        #expect(breaker.permission(at: end) == .one)
        #expect(breaker.permission(at: end + .seconds(3600)) == .one)
    }

    @Test("a success between failures resets their count")
    func notConsecutive() {
        var breaker = Breaker()
        for _ in 0..<5 {
            for _ in 0..<2 { #expect(breaker.failed(at: start, jitter: 0.5) == nil) }
            let hasClosed = breaker.succeeded()
            #expect(!hasClosed)
            #expect(breaker.permission(at: start) == .all)
        }
    }

    @Test("each further failure doubles the pause, up to 30 seconds")
    func doubling() {
        var breaker = opened()
        var now = start
        var pauses: [Int?] = []
        var last = Duration.seconds(1)
        for _ in 0..<7 {
            now += last
            let pause = breaker.failed(at: now, jitter: 0.5)
            pauses.append(milliseconds(pause))
            last = pause ?? .zero
        }
        #expect(pauses == [2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
    }

    @Test("jitter does not accumulate", arguments: [(0.0, [1600, 3200, 6400]), (1.0, [2400, 4800, 9600])])
    func jitter(jitter: Double, expected: [Int]) {
        var breaker = opened()
        var now = start + .seconds(1)
        for expected in expected {
            let pause = breaker.failed(at: now, jitter: jitter)
            #expect(milliseconds(pause) == expected)
            now += pause ?? .zero
        }
    }

    @Test("failures of deliveries that began before the breaker opened do not extend the pause")
    func failuresWhileOpen() {
        var breaker = opened()
        let end = start + .seconds(1)
        for milliseconds in [0, 1, 500, 999] {
            #expect(breaker.failed(at: start + .milliseconds(milliseconds), jitter: 1) == nil)
            #expect(breaker.permission(at: start) == .nothing(until: end))
        }
        #expect(milliseconds(breaker.failed(at: end, jitter: 0.5)) == 2000)
    }

    @Test("a success closes the breaker, and only the first reports that", arguments: [0, 500, 1000, 5000])
    func closing(after milliseconds: Int) {
        var breaker = opened()
        let hasClosed = breaker.succeeded()
        #expect(hasClosed)
        let now = start + .milliseconds(milliseconds)
        #expect(breaker.permission(at: now) == .all)
        let hasClosedAgain = breaker.succeeded()
        #expect(!hasClosedAgain)
    }

    @Test("after it closed, three failures open the breaker again, for one second")
    func again() {
        var breaker = opened()
        _ = breaker.failed(at: start + .seconds(1), jitter: 0.5)
        _ = breaker.succeeded()
        let later = start + .seconds(60)
        #expect(breaker.failed(at: later, jitter: 0.5) == nil)
        #expect(breaker.failed(at: later, jitter: 0.5) == nil)
        #expect(milliseconds(breaker.failed(at: later, jitter: 0.5)) == 1000)
    }

    // MARK: - Refusals

    /// A breaker that was opened for one second by a refusal at `start`.
    private func refused() -> Breaker {
        var breaker = Breaker()
        _ = breaker.refused(at: start, jitter: 0.5)
        return breaker
    }

    @Test("a refusal of the client opens the breaker for one second, and then 64 jobs are tried")
    func refusal() {
        var breaker = Breaker()
        #expect(milliseconds(breaker.refused(at: start, jitter: 0.5)) == 1000)
        let end = start + .seconds(1)
        #expect(breaker.permission(at: start) == .nothing(until: end))
        #expect(breaker.pauseLeft(at: start + .milliseconds(400)) == .milliseconds(600))
        // A delivery that began before the breaker opened.
        #expect(breaker.refused(at: start + .milliseconds(1), jitter: 0.5) == nil)
        #expect(breaker.permission(at: end) == .some(64))
        #expect(breaker.pauseLeft(at: end) == .zero)
        #expect(breaker.refused(at: end, jitter: 0.5) == nil)
        #expect(breaker.permission(at: end) == .some(63))
    }

    @Test("the pauses double up to 30 seconds, and the jobs between them quadruple up to 1024")
    func refusals() {
        var breaker = refused()
        var now = start + .seconds(1)
        var trials: [Int] = []
        var pauses: [Int?] = []
        for _ in 0..<7 {
            var pause: Duration?
            var count = 0
            while pause == nil {
                pause = breaker.refused(at: now, jitter: 0.5)
                count += 1
            }
            trials.append(count)
            pauses.append(milliseconds(pause))
            now += pause ?? .zero
        }
        #expect(trials == [64, 256, 1024, 1024, 1024, 1024, 1024])
        #expect(pauses == [2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
    }

    @Test("a trial ends with the first refusal after two seconds")
    func slowTrial() {
        var breaker = refused()
        let end = start + .seconds(1)
        #expect(breaker.refused(at: end + .milliseconds(1999), jitter: 0.5) == nil)
        #expect(milliseconds(breaker.refused(at: end + .seconds(2), jitter: 0.5)) == 2000)
    }

    @Test("only a delivery ends the refusal of a client, and any sign of life an outage")
    func life() {
        var breaker = refused()
        var hasClosed = breaker.lived()
        #expect(!hasClosed)
        #expect(breaker.permission(at: start + .seconds(1)) == .some(64))
        hasClosed = breaker.succeeded()
        #expect(hasClosed)
        #expect(breaker.permission(at: start) == .all)
        breaker = opened()
        hasClosed = breaker.lived()
        #expect(hasClosed)
        #expect(breaker.permission(at: start) == .all)
        hasClosed = breaker.lived()
        #expect(!hasClosed)
    }

    @Test("a server that fails while it refuses the client, and the reverse")
    func both() {
        var breaker = refused()
        #expect(milliseconds(breaker.failed(at: start + .seconds(1), jitter: 0.5)) == 2000)
        #expect(breaker.permission(at: start + .seconds(3)) == .one)
        #expect(milliseconds(breaker.refused(at: start + .seconds(3), jitter: 0.5)) == 1000)
        #expect(breaker.permission(at: start + .seconds(4)) == .some(64))
    }
}
