import NIOCore
import NIOHTTP1
import Testing
import Web

@testable import Serving

extension HTTPConnectionTests {
    /// Complete requests without a body, each of two parts.
    private func requests(_ targets: String...) -> [HTTPServerRequestPart] {
        targets.flatMap { [.head(.GET, $0), .end] }
    }

    // MARK: - Pipelining

    @Test("requests that arrive together are answered one after another, in order")
    func pipelining() {
        let connection = OfflineConnection()
        #expect(connection.receive(requests("/a", "/b", "/c")) == [.respond("GET /a")])
        #expect(connection.answer() == [.send(.keepAlive), .respond("GET /b")])
        #expect(connection.receive(requests("/d")) == [])
        #expect(connection.answer() == [.send(.keepAlive), .respond("GET /c")])
        #expect(connection.answer() == [.send(.keepAlive), .respond("GET /d")])
        #expect(connection.answer() == [.send(.keepAlive)])
        #expect(connection.receive(requests("/e")) == [.respond("GET /e")])
    }

    @Test("a request that is answered at once is followed by the next, in order")
    func atOnce() {
        let connection = Phase.answering.connection
        #expect(connection.receive(requests("/b", "/c")) == [])
        connection.isAnsweringAtOnce = true
        #expect(
            connection.answer()
                == [.send(.keepAlive), .respond("GET /b"), .send(.keepAlive), .respond("GET /c"), .send(.keepAlive)])
        #expect(connection.receive(requests("/d")) == [.respond("GET /d"), .send(.keepAlive)])
    }

    @Test("a request that is answered at once and is the last ends the connection before the next")
    func atOnceLast() {
        let connection = Phase.answering.connection
        let last = HTTPServerRequestPart.head(.GET, "/b", ["Connection": "close"])
        #expect(connection.receive([last, .end] + requests("/c")) == [])
        connection.isAnsweringAtOnce = true
        #expect(connection.answer() == [.send(.keepAlive), .respond("GET /b"), .send(.close)])
    }

    @Test("a request that waits half complete is received after the response to the earlier one")
    func half() {
        let connection = Phase.answering.connection
        #expect(connection.receive(.head(.POST, "/b"), .body("one,")) == [])
        #expect(connection.answer() == [.send(.keepAlive)])
        #expect(connection.receive(.body("two"), .end) == [.respond("POST /b", body: "one,two")])
    }

    @Test("a request that waits is refused after the response to the earlier one")
    func refusedInOrder() {
        let connection = Phase.answering.connection
        let tooLarge = HTTPServerRequestPart.head(.POST, "/b", ["Content-Length": "16385"])
        #expect(connection.receive([tooLarge] + requests("/c")) == [])
        #expect(connection.answer() == [.send(.keepAlive), .refuse(.payloadTooLarge, of: "POST /b")])
        #expect(connection.takeParts() == [])
    }

    // MARK: - Holding

    @Test("reading is held while bytes are, and resumes when the last are decoded")
    func hold() {
        let connection = Phase.answering.connection
        #expect(connection.readRequested() == [.read])
        #expect(connection.receive(requests("/b", "/c")) == [])
        #expect(connection.readRequested() == [])
        #expect(connection.resumeReading() == [])
        #expect(connection.answer() == [.send(.keepAlive), .respond("GET /b")])
        #expect(connection.resumeReading() == [])
        #expect(connection.answer() == [.send(.keepAlive), .respond("GET /c"), .read])
        #expect(connection.readRequested() == [.read])
    }

    @Test("reading resumes once for each time that it was held")
    func once() {
        let connection = Phase.answering.connection
        #expect(connection.receive(requests("/b")) == [])
        // Reading is not held before the channel wants to read.
        #expect(connection.answer() == [.send(.keepAlive), .respond("GET /b")])
        #expect(connection.resumeReading() == [])
        #expect(connection.receive(requests("/c")) == [])
        #expect(connection.readRequested() == [])
        #expect(connection.readRequested() == [])
        #expect(connection.answer() == [.send(.keepAlive), .respond("GET /c"), .read])
        #expect(connection.resumeReading() == [])
    }

    @Test("a connection that closes resumes reading, to discard what arrives")
    func discard() {
        let connection = OfflineConnection()
        let last = HTTPServerRequestPart.head(.GET, "/a", ["Connection": "close"])
        #expect(connection.receive([last, .end] + requests("/b", "/c", "/d", "/e")) == [.respond("GET /a")])
        #expect(connection.readRequested() == [])
        #expect(connection.answer() == [.send(.close)])
        #expect(connection.takeParts() == [.read])
        #expect(connection.receive(requests("/f", "/g", "/h", "/i", "/j")) == [])
        #expect(connection.readRequested() == [.read])
    }

    // MARK: - A client that does not read

    @Test("requests of a client that does not read its responses wait until it does")
    func unread() {
        let connection = OfflineConnection()
        connection.isWritable = false
        #expect(connection.receive(requests("/a", "/b", "/c", "/d")) == [])
        #expect(connection.readRequested() == [])
        #expect(connection.takeParts() == [])
        connection.isWritable = true
        #expect(connection.takeParts() == [.respond("GET /a")])
        #expect(connection.readRequested() == [])
        connection.isWritable = false
        #expect(connection.answer() == [.send(.keepAlive)])
        connection.isWritable = true
        #expect(connection.takeParts() == [.respond("GET /b")])
    }

    @Test("a client that does not read its responses is disconnected at the deadline")
    func neverRead() {
        let connection = Phase.answering.connection
        #expect(connection.receive(requests("/b")) == [])
        connection.isWritable = false
        #expect(connection.answer() == [.send(.keepAlive)])
        connection.now = connection.now + .seconds(60)
        #expect(connection.timerFired() == [.close])
    }

    @Test("a client that does not read its last response is read from only up to the limit")
    func lastUnread() {
        let connection = Phase.closing.connection
        connection.isWritable = false
        #expect(connection.receive(requests("/b", "/c", "/d", "/e")) == [])
        #expect(connection.readRequested() == [])
        connection.isWritable = true
        #expect(connection.takeParts() == [.read])
    }
}
