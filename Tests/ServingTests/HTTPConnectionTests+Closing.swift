import NIOCore
import NIOHTTP1
import Testing
import Web

@testable import Serving

extension HTTPConnectionTests {
    private static let second: [HTTPServerRequestPart] = [.head(.GET, "/b"), .end]

    // MARK: - The end of the input

    @Test("an answer after the client closed its side is the last, and is not lingered after")
    func inputClosedBeforeAnswer() {
        let connection = Phase.answering.connection
        #expect(connection.inputClosed() == [])
        #expect(connection.answer() == [.send(.close)])
        #expect(connection.flushed() == [.close])
    }

    @Test("all requests from before the client closed its side are answered, the last with Connection: close")
    func inputClosedBehindRequests() {
        let connection = Phase.answering.connection
        #expect(connection.receive(HTTPConnectionTests.second) == [])
        #expect(connection.inputClosed() == [])
        #expect(connection.answer() == [.send(.keepAlive), .respond("GET /b")])
        #expect(connection.answer() == [.send(.close)])
        #expect(connection.flushed() == [.close])
    }

    @Test("a request from before malformed input is answered with Connection: close, and the rest is discarded")
    func malformedBehindRequest() {
        let connection = Phase.answering.connection
        #expect(connection.inputFailed(with: .invalidMethod) == [])
        #expect(connection.receive(HTTPConnectionTests.second) == [])
        #expect(connection.answer() == [.send(.close)])
        #expect(connection.flushed() == [.closeOutput])
    }

    @Test("a request that the client did not complete before it closed its side is not answered")
    func inputClosedWithin() {
        let connection = Phase.answering.connection
        #expect(connection.receive(.head(.POST, "/b"), .body("text")) == [])
        #expect(connection.inputClosed() == [])
        #expect(connection.answer() == [.send(.keepAlive), .finish])
        #expect(connection.flushed() == [.close])
    }

    @Test("requests of a client that does not read are answered before the end counts")
    func unreadBeforeEnd() {
        let connection = Phase.answering.connection
        #expect(connection.receive(HTTPConnectionTests.second) == [])
        connection.isWritable = false
        #expect(connection.answer() == [.send(.keepAlive)])
        #expect(connection.inputClosed() == [])
        connection.isWritable = true
        #expect(connection.takeParts() == [.respond("GET /b")])
        #expect(connection.answer() == [.send(.close)])
    }

    @Test("a client that closes its side while the last response leaves is not lingered for")
    func inputClosedWhileClosing() {
        let connection = Phase.closing.connection
        #expect(connection.inputClosed() == [])
        #expect(connection.flushed() == [.close])
    }

    @Test("a client that closes its side without a request gets nothing")
    func inputClosedWhileNew() {
        let connection = OfflineConnection()
        #expect(connection.inputClosed() == [.finish])
        #expect(connection.flushed() == [.close])
    }

    @Test("malformed input after the end of the input does not change that the input is closed")
    func malformedAfterEnd() {
        let connection = Phase.answering.connection
        #expect(connection.inputClosed() == [])
        #expect(connection.inputFailed(with: .invalidEOFState) == [])
        #expect(connection.answer() == [.send(.close)])
        #expect(connection.flushed() == [.close])
    }

    @Test("after a refusal the rest of the request is discarded while the connection lingers")
    func afterRefusal() {
        let connection = Phase.receiving.connection
        #expect(connection.inputFailed(with: .invalidChunkSize) == [.refuse(.badRequest, of: "POST /a")])
        #expect(connection.receive([.body("text"), .end] + HTTPConnectionTests.second) == [])
        #expect(connection.flushed() == [.closeOutput])
        #expect(connection.receive(HTTPConnectionTests.second) == [])
        #expect(connection.inputClosed() == [.close])
    }

    // MARK: - Shutdown

    @Test("a connection is closed after the first response that is sent while the server drains")
    func draining() {
        let connection = OfflineConnection()
        #expect(connection.receive([.head(.GET, "/a"), .end]) == [.respond("GET /a")])
        connection.isDraining = true
        #expect(connection.receive(HTTPConnectionTests.second) == [])
        #expect(connection.answer() == [.send(.close)])
        #expect(connection.takeParts() == [])
    }

    @Test(
        "the response to a request that had begun before shutdown is the last", arguments: [.arriving, .new] as [Phase])
    func lastRequest(phase: Phase) {
        let connection = phase.connection
        #expect(connection.quiesce() == [.setTimer])
        #expect(connection.receive([.head(.GET, "/a"), .end] + HTTPConnectionTests.second) == [.respond("GET /a")])
        #expect(connection.answer() == [.send(.close)])
        #expect(connection.takeParts() == [])
        #expect(connection.flushed() == [.closeOutput])
    }

    @Test("a request that is being answered at shutdown is the last, even if others wait")
    func lastAnswer() {
        let connection = Phase.answering.connection
        #expect(connection.receive(HTTPConnectionTests.second) == [])
        #expect(connection.quiesce() == [.setTimer])
        #expect(connection.answer() == [.send(.close)])
        #expect(connection.takeParts() == [])
    }

    @Test("a connection between requests lingers at shutdown, and the client may close it")
    func idleAtShutdown() {
        let connection = Phase.idle.connection
        #expect(connection.quiesce() == [.finish])
        #expect(connection.flushed() == [.closeOutput])
        #expect(connection.inputClosed() == [.close])
    }

    // MARK: - A connection that has closed

    @Test("the answer to a client that has disconnected is discarded")
    func disconnected() {
        let connection = Phase.answering.connection
        #expect(connection.receive(HTTPConnectionTests.second) == [])
        connection.closed()
        #expect(connection.answer() == [])
        #expect(connection.takeParts() == [])
    }
}
