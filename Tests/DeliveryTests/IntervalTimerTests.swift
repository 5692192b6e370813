import Testing

@testable import Delivery

@Suite
struct IntervalTimerTests {
    @Test("a timer is due immediately, and then not before the interval has passed")
    func once() {
        let timer = IntervalTimer(every: .seconds(3600))
        #expect(timer.isDue())
        for _ in 0..<10 { #expect(!timer.isDue()) }
    }

    @Test("a timer is due again after the interval")
    func again() {
        let timer = IntervalTimer(every: .zero)
        for _ in 0..<10 { #expect(timer.isDue()) }
    }

    @Test("a timer is due for only one of many concurrent calls")
    func concurrent() async {
        let timer = IntervalTimer(every: .seconds(3600))
        let count = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<100 { group.addTask { timer.isDue() } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(count == 1)
    }
}
