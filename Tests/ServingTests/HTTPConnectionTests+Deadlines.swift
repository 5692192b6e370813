import NIOCore
import NIOHTTP1
import Testing
import Web

@testable import Serving

extension HTTPConnectionTests {
    /// Checks the time until the deadline, and the steps then. The timer is set again one nanosecond before it.
    private func expectDeadline(
        _ connection: OfflineConnection, in time: TimeAmount, _ steps: [Step],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        connection.now = connection.now + time - .nanoseconds(1)
        #expect(connection.timeToNextCheck == .nanoseconds(1), sourceLocation: sourceLocation)
        #expect(connection.timerFired() == [.setTimer], sourceLocation: sourceLocation)
        connection.now = connection.now + .nanoseconds(1)
        #expect(connection.timerFired() == steps, sourceLocation: sourceLocation)
    }

    @Test(
        "the deadline of a phase is the first-byte, the idle, the request or the linger timeout",
        arguments: [
            (.new, .seconds(12), [.close]), (.idle, .seconds(60), [.close]),
            (.arriving, .seconds(10), [.refuse(.requestTimeout, of: nil)]),
            (.receiving, .seconds(10), [.refuse(.requestTimeout, of: "POST /a")]),
            (.closing, .seconds(60), [.close]), (.lingering, .seconds(1), [.close]),
        ] as [(Phase, TimeAmount, [Step])])
    func deadline(phase: Phase, time: TimeAmount, steps: [Step]) {
        expectDeadline(phase.connection, in: time, steps)
    }

    @Test(
        "shutdown leaves the first-request timeout or the drain timeout, unless the deadline is nearer",
        arguments: [
            (.new, .seconds(2), [.close]), (.idle, .seconds(5), [.close]),
            (.arriving, .seconds(5), [.refuse(.requestTimeout, of: nil)]),
            (.receiving, .seconds(5), [.refuse(.requestTimeout, of: "POST /a")]),
            (.answering, .seconds(5), [.refuse(.serviceUnavailable, of: "GET /a")]),
            (.closing, .seconds(5), [.close]), (.lingering, .seconds(1), [.close]),
        ] as [(Phase, TimeAmount, [Step])])
    func deadlineOfShutdown(phase: Phase, time: TimeAmount, steps: [Step]) {
        let connection = phase.connection
        _ = connection.quiesce()
        expectDeadline(connection, in: time, steps)
    }

    @Test("shutdown does not extend a deadline")
    func shutdownLate() {
        let connection = Phase.receiving.connection
        connection.now = connection.now + .seconds(8)
        #expect(connection.quiesce() == [.setTimer])
        expectDeadline(connection, in: .seconds(2), [.refuse(.requestTimeout, of: "POST /a")])
    }

    @Test("the request timeout starts with the first byte, and neither the head nor the body extends it")
    func requestTimeout() {
        let connection = OfflineConnection()
        connection.now = connection.now + .seconds(30)
        connection.bytesArrived()
        connection.now = connection.now + .seconds(4)
        #expect(connection.receive(.head(.POST, "/a", ["Transfer-Encoding": "chunked"])) == [])
        connection.now = connection.now + .seconds(4)
        #expect(connection.receive(.body("text")) == [])
        expectDeadline(connection, in: .seconds(2), [.refuse(.requestTimeout, of: "POST /a")])
    }

    @Test("the request timeout of a request that waited starts when it is taken")
    func requestTimeoutAfterWait() {
        let connection = Phase.answering.connection
        #expect(connection.receive(.head(.POST, "/b")) == [])
        connection.now = connection.now + .seconds(30)
        #expect(connection.answer() == [.send(.keepAlive)])
        expectDeadline(connection, in: .seconds(10), [.refuse(.requestTimeout, of: "POST /b")])
    }

    @Test("the idle timeout starts with each response")
    func idleTimeout() {
        let connection = Phase.answering.connection
        connection.now = connection.now + .minutes(5)
        #expect(connection.answer() == [.send(.keepAlive)])
        expectDeadline(connection, in: .seconds(60), [.close])
    }

    @Test("a first request during shutdown has the drain timeout from its first byte")
    func firstRequestDuringShutdown() {
        let connection = OfflineConnection()
        #expect(connection.quiesce() == [.setTimer])
        connection.now = connection.now + .seconds(1)
        connection.bytesArrived()
        expectDeadline(connection, in: .seconds(5), [.refuse(.requestTimeout, of: nil)])
    }

    @Test("the last response of a shutdown has the drain timeout to leave, and the linger timeout after that")
    func lastResponse() {
        let connection = Phase.answering.connection
        #expect(connection.quiesce() == [.setTimer])
        connection.now = connection.now + .seconds(4)
        #expect(connection.answer() == [.send(.close)])
        connection.now = connection.now + .seconds(4)
        #expect(connection.timerFired() == [.setTimer])
        #expect(connection.flushed() == [.closeOutput])
        expectDeadline(connection, in: .seconds(1), [.close])
    }

    @Test("a refusal has the idle timeout to leave")
    func refusal() {
        let connection = Phase.arriving.connection
        #expect(connection.inputFailed(with: .invalidURL) == [.refuse(.badRequest, of: nil)])
        expectDeadline(connection, in: .seconds(60), [.close])
    }

    @Test("the timer fires at least every quarter of the request timeout, because a request moves the deadline closer")
    func quarter() {
        for phase in Phase.allCases where phase != .lingering {
            #expect(phase.connection.timeToNextCheck == .milliseconds(2_500))
        }
    }
}
