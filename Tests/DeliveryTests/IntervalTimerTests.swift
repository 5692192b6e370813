import Testing

@testable import Delivery

@Suite
struct IntervalTimerTests {
    @Test("it is due at once, and then not before the interval is over")
    func once() {
        let timer = IntervalTimer(every: .seconds(3600))
        #expect(timer.isDue())
        for _ in 0..<10 { #expect(!timer.isDue()) }
    }

    @Test("when the interval is over it is due again")
    func again() {
        let timer = IntervalTimer(every: .zero)
        for _ in 0..<10 { #expect(timer.isDue()) }
    }

    @Test("of many that ask at once, it is due for one")
    func concurrent() async {
        let timer = IntervalTimer(every: .seconds(3600))
        let count = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<100 { group.addTask { timer.isDue() } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(count == 1)
    }
}
