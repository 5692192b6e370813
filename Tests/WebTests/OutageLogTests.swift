import Testing
import TestSupport

@testable import Web

@Suite
struct OutageLogTests {
    private let clock = Mutexed(ContinuousClock.now)
    private let log: OutageLog

    init() {
        let clock = self.clock
        log = OutageLog(now: { clock.value })
    }

    private func pass(_ duration: Duration) {
        clock.value = clock.value.advanced(by: duration)
    }

    @Test("a reason is reported at once, and not again for ten seconds")
    func once() {
        #expect(log.mayReport("away"))
        #expect(!log.mayReport("away"))
        pass(.milliseconds(9_999))
        #expect(!log.mayReport("away"))
        pass(.milliseconds(1))
        #expect(log.mayReport("away"))
    }

    @Test("the ten seconds start at the last report, not at the last request")
    func sinceReport() {
        #expect(log.mayReport("away"))
        for _ in 0..<9 {
            pass(.seconds(1))
            #expect(!log.mayReport("away"))
        }
        pass(.seconds(1))
        #expect(log.mayReport("away"))
        pass(.seconds(9))
        #expect(!log.mayReport("away"))
    }

    @Test("another reason is reported at once")
    func anotherReason() {
        #expect(log.mayReport("away"))
        #expect(log.mayReport("full"))
        #expect(!log.mayReport("full"))
    }

    @Test("of many simultaneous requests, one reports")
    func together() async {
        let log = log
        let reports = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<200 { group.addTask { log.mayReport("away") } }
            return await group.reduce(into: 0) { count, mayReport in count += mayReport ? 1 : 0 }
        }
        #expect(reports == 1)
    }
}
