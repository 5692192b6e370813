import NIOCore
import NIOEmbedded
import Testing

@testable import Redis

@Suite
struct CallQueueTests {
    @Test("the timer fires in time for a call that is due before those that it was set for")
    func earlier() {
        let loop = EmbeddedEventLoop()
        var queue = CallQueue()
        var checks = 0
        queue.append(call(dueIn: 10))
        queue.arm(on: loop) { checks += 1 }
        _ = queue.removeFirst()
        queue.append(call(dueIn: 5))
        queue.arm(on: loop) { checks += 1 }
        loop.advanceTime(by: .seconds(4))
        #expect(checks == 0)
        #expect(!queue.isOverdue(at: loop.now))
        loop.advanceTime(by: .seconds(1))
        #expect(checks == 1)
        #expect(queue.isOverdue(at: loop.now))
    }

    @Test("one timer serves the first call and those after it")
    func later() {
        let loop = EmbeddedEventLoop()
        var queue = CallQueue()
        var checks = 0
        for seconds in 1...3 {
            queue.append(call(dueIn: Int64(seconds)))
            queue.arm(on: loop) { checks += 1 }
        }
        loop.advanceTime(by: .seconds(10))
        #expect(checks == 1)
        queue.timerFired()
        queue.arm(on: loop) { checks += 1 }
        loop.advanceTime(by: .seconds(0))
        #expect(checks == 2)
    }

    /// A call that is due `seconds` after the start of the embedded loop.
    private func call(dueIn seconds: Int64) -> Call {
        Call(command: RedisCommand("PING"), deadline: .uptimeNanoseconds(0) + .seconds(seconds), mayRetry: false) { _ in
        }
    }
}
