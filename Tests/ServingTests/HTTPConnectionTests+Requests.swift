import NIOCore
import NIOHTTP1
import Testing
import Web

@testable import Serving

extension HTTPConnectionTests {
    @Test("a request is answered with the parts of its body joined")
    func joined() {
        let connection = OfflineConnection()
        let head = HTTPServerRequestPart.head(.POST, "/a", ["Transfer-Encoding": "chunked"])
        #expect(connection.receive(head, .body("one,"), .body(""), .body("two")) == [])
        #expect(connection.receive(.end) == [.respond("POST /a", body: "one,two")])
        #expect(connection.answer() == [.send(.keepAlive)])
        // The next request has a body of its own.
        #expect(connection.receive(head, .body("three"), .end) == [.respond("POST /a", body: "three")])
    }

    // MARK: - Errors of the head

    @Test(
        "a request is refused by its head",
        arguments: [
            (.oldHead(.POST, "/a", ["Transfer-Encoding": "chunked"]), .badRequest),
            (.head(.POST, "/a", ["Transfer-Encoding": "gzip"]), .badRequest),
            (.head(.POST, "/a", ["Host": "postern"]), .badRequest),
            (.head(.POST, "/a", ["Content-Length": "16385"]), .payloadTooLarge),
            (.head(.POST, "/a", ["Content-Length": "99999999999999999999"]), .payloadTooLarge),
            (.head(.POST, "/a", ["Content-Length": "16385", "Expect": "100-continue"]), .payloadTooLarge),
        ] as [(HTTPServerRequestPart, HTTPError.Code)])
    func refused(head: HTTPServerRequestPart, code: HTTPError.Code) {
        let connection = OfflineConnection()
        #expect(connection.receive(head, .body("text"), .end) == [.refuse(code, of: "POST /a")])
        #expect(connection.flushed() == [.closeOutput])
    }

    @Test("a request of HTTP/1.1 without Host is refused")
    func noHost() {
        let connection = OfflineConnection()
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/a")
        #expect(connection.receive(.head(head), .end) == [.refuse(.badRequest, of: "GET /a")])
    }

    // MARK: - The size of the body

    private static let chunked = HTTPServerRequestPart.head(.POST, "/a", ["Transfer-Encoding": "chunked"])

    @Test("a length of 16 KiB is accepted, and so is a body of that size", arguments: [16, 1_024, 16_384])
    func longestBody(partByteCount: Int) {
        let connection = OfflineConnection()
        #expect(connection.receive(.head(.POST, "/a", ["Content-Length": "16384"])) == [])
        let part = HTTPServerRequestPart.body(String(repeating: "x", count: partByteCount))
        let parts = [HTTPServerRequestPart](repeating: part, count: 16_384 / partByteCount)
        #expect(connection.receive(parts) == [])
        let body = String(repeating: "x", count: 16_384)
        #expect(connection.receive(.end) == [.respond("POST /a", body: body)])
    }

    @Test("a body is refused with its byte 16,385, whatever its parts", arguments: [0, 1, 16_383, 16_384])
    func tooLongBody(firstByteCount: Int) {
        let connection = OfflineConnection()
        let first = String(repeating: "x", count: firstByteCount)
        let second = String(repeating: "x", count: 16_385 - firstByteCount)
        #expect(connection.receive(HTTPConnectionTests.chunked, .body(first)) == [])
        #expect(connection.receive(.body(second)) == [.refuse(.payloadTooLarge, of: "POST /a")])
        #expect(connection.receive(.end) == [])
    }

    @Test("the limit applies to each request by itself")
    func eachBody() {
        let connection = OfflineConnection()
        let body = String(repeating: "x", count: 16_384)
        for _ in 0..<2 {
            #expect(connection.receive(HTTPConnectionTests.chunked, .body(body)) == [])
            #expect(connection.receive(.end) == [.respond("POST /a", body: body)])
            #expect(connection.answer() == [.send(.keepAlive)])
        }
    }

    // MARK: - Expect: 100-continue

    @Test(
        "100 Continue is sent for the expectation of HTTP/1.1",
        arguments: [
            (.head(.POST, "/a", ["Expect": "100-continue"]), [.sendContinue]),
            (.head(.POST, "/a", ["Expect": "100-Continue"]), [.sendContinue]),
            (.head(.POST, "/a", ["Expect": "200-ok"]), []), (.head(.POST, "/a"), []),
            (.oldHead(.POST, "/a", ["Expect": "100-continue"]), []),
        ] as [(HTTPServerRequestPart, [Step])])
    func expectation(head: HTTPServerRequestPart, steps: [Step]) {
        let connection = OfflineConnection()
        #expect(connection.receive(head) == steps)
        #expect(connection.receive(.body("text"), .end) == [.respond("POST /a", body: "text")])
    }

    @Test("100 Continue is sent after the response to an earlier request")
    func expectationInOrder() {
        let connection = Phase.answering.connection
        #expect(connection.receive(.head(.POST, "/b", ["Expect": "100-continue"])) == [])
        #expect(connection.answer() == [.send(.keepAlive), .sendContinue])
    }

    // MARK: - The connection after the response

    @Test(
        "the response says whether the connection stays open, where the client would assume otherwise",
        arguments: [
            (.head(.GET, "/a"), .send(.keepAlive)),
            (.head(.GET, "/a", ["Connection": "keep-alive"]), .send(.keepAlive)),
            (.head(.GET, "/a", ["Connection": "close"]), .send(.close)),
            (.head(.GET, "/a", ["Connection": "keep-alive, Close"]), .send(.close)),
            (.oldHead(.GET, "/a"), .send(.close)),
            (.oldHead(.GET, "/a", ["Connection": "keep-alive"]), .send(.keepAliveExplicitly)),
            (.oldHead(.GET, "/a", ["Connection": "close"]), .send(.close)),
            // The decoder reads nothing after a request to upgrade.
            (.head(.GET, "/a", ["Connection": "Upgrade", "Upgrade": "websocket"]), .send(.close)),
            (.head(.CONNECT, "/a"), .send(.close)),
            (.oldHead(.GET, "/a", ["Connection": "keep-alive", "Upgrade": "h2c"]), .send(.close)),
        ] as [(HTTPServerRequestPart, Step)])
    func keepAlive(head: HTTPServerRequestPart, step: Step) {
        let connection = OfflineConnection()
        #expect(connection.receive(head, .end).count == 1)
        #expect(connection.answer() == [step])
        let isClosing = step == .send(.close)
        #expect(connection.receive(.head(.GET, "/b"), .end) == (isClosing ? [] : [.respond("GET /b")]))
        #expect(connection.flushed() == (isClosing ? [.closeOutput] : []))
    }

    @Test("a request to upgrade has the drain timeout to be sent, because it is the last")
    func upgrade() {
        let connection = OfflineConnection()
        #expect(connection.receive(.head(.GET, "/a", ["Upgrade": "websocket"]), .end) == [.respond("GET /a")])
        #expect(connection.answer() == [.send(.close)])
        connection.now = connection.now + .seconds(5)
        #expect(connection.timerFired() == [.close])
    }

    @Test("the response to HEAD is sent without its body, and that to another method with it")
    func head() {
        let connection = OfflineConnection()
        for (method, isBodyOmitted) in [(.HEAD, true), (.GET, false), (.OPTIONS, false)] as [(HTTPMethod, Bool)] {
            #expect(connection.receive(.head(method, "/a"), .end) == [.respond("\(method.rawValue) /a")])
            #expect(connection.answer() == [.send(.keepAlive, isBodyOmitted: isBodyOmitted)])
        }
        #expect(connection.receive(.head(.HEAD, "/a", ["Connection": "close"]), .end) == [.respond("HEAD /a")])
        #expect(connection.answer() == [.send(.close, isBodyOmitted: true)])
    }
}
