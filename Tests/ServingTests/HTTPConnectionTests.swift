import NIOCore
import NIOHTTP1
import Testing
import Web

@testable import Serving

/// Each event in each phase. The rules that span several phases are in the other files of this suite.
///
/// Its tests never wait. Run in parallel, they would keep the threads from the tests of timeouts over sockets.
@Suite(.serialized)
struct HTTPConnectionTests {
    typealias Step = OfflineConnection.Step

    enum Phase: CaseIterable {
        /// Nothing has arrived.
        case new
        /// One request was answered.
        case idle
        /// Bytes of a request have arrived, but not its whole head.
        case arriving
        /// The head of `POST /a` has arrived.
        case receiving
        /// `GET /a` is being answered.
        case answering
        /// The response to `GET /a` was the last.
        case closing
        /// The last response was sent.
        case lingering
        case closed

        /// A connection in this phase.
        var connection: OfflineConnection {
            let connection = OfflineConnection()
            switch self {
            case .new:
                break
            case .idle:
                #expect(connection.receive(.head(.GET, "/a"), .end) == [.respond("GET /a")])
                #expect(connection.answer() == [.send(.keepAlive)])
            case .arriving:
                connection.bytesArrived()
            case .receiving:
                #expect(connection.receive(.head(.POST, "/a", ["Content-Length": "9"])) == [])
            case .answering:
                #expect(connection.receive(.head(.GET, "/a"), .end) == [.respond("GET /a")])
            case .closing:
                let last = HTTPServerRequestPart.head(.GET, "/a", ["Connection": "close"])
                #expect(connection.receive(last, .end) == [.respond("GET /a")])
                #expect(connection.answer() == [.send(.close)])
            case .lingering:
                let connection = Phase.closing.connection
                #expect(connection.flushed() == [.closeOutput])
                return connection
            case .closed:
                connection.closed()
            }
            return connection
        }
    }

    @Test("each phase has an expected step for each event")
    func complete() {
        for rows in [
            HTTPConnectionTests.heads, HTTPConnectionTests.bodies, HTTPConnectionTests.ends,
            HTTPConnectionTests.answers, HTTPConnectionTests.inputEnds, HTTPConnectionTests.malformed,
            HTTPConnectionTests.shutdowns, HTTPConnectionTests.flushes, HTTPConnectionTests.earlyTimers,
            HTTPConnectionTests.lateTimers,
        ] {
            #expect(rows.map(\.0) == Phase.allCases)
        }
    }

    private static let heads: [(Phase, [Step])] = [
        (.new, []), (.idle, []), (.arriving, []), (.receiving, [.refuse(.badRequest, of: "POST /a")]),
        (.answering, []), (.closing, []), (.lingering, []), (.closed, []),
    ]

    @Test("a head begins a request, and is an error within another", arguments: heads)
    func head(phase: Phase, steps: [Step]) {
        #expect(phase.connection.receive(.head(.GET, "/b")) == steps)
    }

    private static let bodies: [(Phase, [Step])] = [
        (.new, [.refuse(.badRequest, of: nil)]), (.idle, [.refuse(.badRequest, of: nil)]),
        (.arriving, [.refuse(.badRequest, of: nil)]), (.receiving, []),
        (.answering, []), (.closing, []), (.lingering, []), (.closed, []),
    ]

    @Test("a part of a body needs a head before it", arguments: bodies)
    func body(phase: Phase, steps: [Step]) {
        #expect(phase.connection.receive(.body("text")) == steps)
    }

    private static let ends: [(Phase, [Step])] = [
        (.new, [.refuse(.badRequest, of: nil)]), (.idle, [.refuse(.badRequest, of: nil)]),
        (.arriving, [.refuse(.badRequest, of: nil)]), (.receiving, [.respond("POST /a")]),
        (.answering, []), (.closing, []), (.lingering, []), (.closed, []),
    ]

    @Test("the end of a request has it answered, and needs a head before it", arguments: ends)
    func end(phase: Phase, steps: [Step]) {
        #expect(phase.connection.receive(.end) == steps)
    }

    private static let answers: [(Phase, [Step])] = [
        (.new, []), (.idle, []), (.arriving, []), (.receiving, []),
        (.answering, [.send(.keepAlive)]), (.closing, []), (.lingering, []), (.closed, []),
    ]

    @Test("an answer is sent only if the connection waits for one", arguments: answers)
    func answer(phase: Phase, steps: [Step]) {
        #expect(phase.connection.answer() == steps)
    }

    private static let inputEnds: [(Phase, [Step])] = [
        (.new, [.finish]), (.idle, [.finish]), (.arriving, [.finish]), (.receiving, [.finish]),
        (.answering, []), (.closing, []), (.lingering, [.close]), (.closed, []),
    ]

    @Test("when the client closes its side, the connection closes, but not before an answer", arguments: inputEnds)
    func inputClosed(phase: Phase, steps: [Step]) {
        #expect(phase.connection.inputClosed() == steps)
    }

    private static let malformed: [(Phase, [Step])] = [
        (.new, [.refuse(.badRequest, of: nil)]), (.idle, [.refuse(.badRequest, of: nil)]),
        (.arriving, [.refuse(.badRequest, of: nil)]), (.receiving, [.refuse(.badRequest, of: "POST /a")]),
        (.answering, []), (.closing, []), (.lingering, []), (.closed, []),
    ]

    @Test("malformed input is refused, but not before an answer", arguments: malformed)
    func inputFailed(phase: Phase, steps: [Step]) {
        #expect(phase.connection.inputFailed(with: .invalidMethod) == steps)
    }

    @Test("too large headers are refused where malformed input is, with an error of their own", arguments: malformed)
    func headerOverflow(phase: Phase, steps: [Step]) {
        let expected = steps.map { step in
            guard case .refuse(_, let request) = step else { return step }
            return .refuse(.headerFieldsTooLarge, of: request)
        }
        #expect(phase.connection.inputFailed(with: .headerOverflow) == expected)
    }

    private static let shutdowns: [(Phase, [Step])] = [
        (.new, [.setTimer]), (.idle, [.finish]), (.arriving, [.setTimer]), (.receiving, [.setTimer]),
        (.answering, [.setTimer]), (.closing, [.setTimer]), (.lingering, [.setTimer]), (.closed, []),
    ]

    @Test("shutdown closes a connection between requests, and gives others less time", arguments: shutdowns)
    func quiesce(phase: Phase, steps: [Step]) {
        #expect(phase.connection.quiesce() == steps)
    }

    private static let flushes: [(Phase, [Step])] = [
        (.new, []), (.idle, []), (.arriving, []), (.receiving, []),
        (.answering, []), (.closing, [.closeOutput]), (.lingering, []), (.closed, []),
    ]

    @Test("once the last response is sent, the sending side is closed", arguments: flushes)
    func flushed(phase: Phase, steps: [Step]) {
        #expect(phase.connection.flushed() == steps)
    }

    private static let earlyTimers: [(Phase, [Step])] = Phase.allCases.map { ($0, $0 == .closed ? [] : [.setTimer]) }

    @Test("a timer that fires before the deadline is set again", arguments: earlyTimers)
    func earlyTimer(phase: Phase, steps: [Step]) {
        #expect(phase.connection.timerFired() == steps)
    }

    private static let lateTimers: [(Phase, [Step])] = [
        (.new, [.close]), (.idle, [.close]), (.arriving, [.refuse(.requestTimeout, of: nil)]),
        (.receiving, [.refuse(.requestTimeout, of: "POST /a")]),
        (.answering, [.setTimer]), (.closing, [.close]), (.lingering, [.close]), (.closed, []),
    ]

    @Test(
        "a request that takes too long to arrive is refused, and otherwise the connection closes", arguments: lateTimers
    )
    func lateTimer(phase: Phase, steps: [Step]) {
        let connection = phase.connection
        connection.now = connection.now + .hours(1)
        #expect(connection.timerFired() == steps)
    }

    @Test("a read is asked for in every phase while no bytes are held", arguments: Phase.allCases)
    func read(phase: Phase) {
        #expect(phase.connection.readRequested() == [.read])
    }

    private static let room: [(Phase, [Step], [Step])] = [
        (.new, [.close], [.close]), (.idle, [.close], [.close]),
        (.arriving, [.close], [.refuse(.serviceUnavailable, of: nil)]),
        (.receiving, [.close], [.refuse(.serviceUnavailable, of: "POST /a")]), (.answering, [], []),
        (.closing, [.close], [.close]), (.lingering, [.close], [.close]), (.closed, [], []),
    ]

    @Test("a connection makes room for others, and frees its memory, but not while it is answered", arguments: room)
    func makeRoom(phase: Phase, steps: [Step], stepsForMemory: [Step]) {
        #expect(phase.connection.makeRoom() == steps)
        #expect(phase.connection.freeMemory() == stepsForMemory)
    }

    @Test("after its close, a connection does nothing more")
    func afterClose() {
        let connection = Phase.lingering.connection
        #expect(connection.inputClosed() == [.close])
        #expect(connection.inputClosed() == [])
        #expect(connection.takeParts() == [])
        #expect(connection.receive(.head(.GET, "/b"), .end) == [])
        #expect(connection.timerFired() == [])
        #expect(connection.quiesce() == [])
    }
}
