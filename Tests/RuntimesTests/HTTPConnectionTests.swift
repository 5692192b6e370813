import Testing
import TestSupport

@testable import Runtimes
import Edge

@Suite("one connection after another, over real sockets")
struct HTTPConnectionTests {
    @Test("a connection serves one request after another")
    func keepAlive() async throws {
        let server = try await ServerHarness()
        defer { server.stop() }
        let connection = try server.connect()
        for number in 0..<5 {
            try connection.send(ServerHarness.signIn(number))
            let response = try connection.readResponse()
            #expect(response.status == 200)
            #expect(response["Connection"] == nil)
        }
    }

    @Test("requests that come in one write are answered in their order")
    func pipelined() async throws {
        let server = try await ServerHarness()
        defer { server.stop() }
        let connection = try server.connect()
        let kinds = [
            (ServerHarness.signIn(1), 200), (ServerHarness.health, 200), ("GET /x HTTP/1.1\r\nHost: a\r\n\r\n", 404),
        ]
        let requests = (0..<60).map { kinds[$0 % 3] }
        let marked = requests.enumerated().map { index, request in
            request.0.replacing("\r\n\r\n", with: "\r\nX-Request-Id: n\(index)\r\n\r\n", maxReplacements: 1)
        }
        try connection.send(marked.joined())
        for (index, request) in requests.enumerated() {
            let response = try connection.readResponse()
            try #require(response.status == request.1)
            try #require(response["X-Request-Id"] == "n\(index)")
        }
    }

    @Test("a request that comes byte by byte is understood")
    func bytes() async throws {
        let server = try await ServerHarness()
        defer { server.stop() }
        let connection = try server.connect()
        for byte in ServerHarness.signIn().utf8 { try connection.send(bytes: [byte]) }
        #expect(try connection.readResponse().status == 200)
    }

    @Test("a client that is gone within its request leaves the server serving")
    func cut() async throws {
        let server = try await ServerHarness()
        defer { server.stop() }
        let bytes = Array(ServerHarness.signIn().utf8)
        for length in stride(from: 0, to: bytes.count, by: 3) {
            let connection = try server.connect()
            try connection.send(bytes: Array(bytes[..<length]))
            connection.close()
        }
        let connection = try server.connect()
        try connection.send(ServerHarness.signIn())
        #expect(try connection.readResponse().status == 200)
    }

    @Test("a client that has said all it has to say still gets its answers")
    func halfClosed() async throws {
        let server = try await ServerHarness()
        defer { server.stop() }
        let connection = try server.connect()
        try connection.send(ServerHarness.signIn(1) + ServerHarness.health + ServerHarness.signIn(2))
        connection.closeWriting()
        for _ in 0..<3 { #expect(try connection.readResponse().status == 200) }
        #expect(try connection.readToEnd() == [])
    }

    @Test("HEAD has the length of what GET would have, and no body")
    func head() async throws {
        let server = try await ServerHarness()
        defer { server.stop() }
        let connection = try server.connect()
        try connection.send("HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        let response = try connection.readResponse(isHead: true)
        #expect(response.status == 200)
        #expect(response["Content-Length"] == "11")
        try connection.send(ServerHarness.health)
        #expect(try connection.readResponse().status == 200)
    }

    @Test(
        "HTTP/1.0 ends after its answer, unless it was asked not to",
        arguments: [("", "close"), ("Connection: keep-alive\r\n", "keep-alive")])
    func http10(field: String, expected: String) async throws {
        let server = try await ServerHarness()
        defer { server.stop() }
        let connection = try server.connect()
        try connection.send("GET /healthz HTTP/1.0\r\n\(field)\r\n")
        #expect(try connection.readResponse()["Connection"] == expected)
        if expected == "close" { #expect(try connection.readToEnd() == []) }
    }

    @Test("Connection: close is kept to")
    func close() async throws {
        let server = try await ServerHarness()
        defer { server.stop() }
        let connection = try server.connect()
        try connection.send(ServerHarness.signIn(fields: "Connection: close\r\n"))
        #expect(try connection.readResponse()["Connection"] == "close")
        #expect(try connection.readToEnd() == [])
    }

    @Test("who expects 100-continue gets it, and then the answer")
    func expect() async throws {
        let server = try await ServerHarness()
        defer { server.stop() }
        let connection = try server.connect()
        let request = ServerHarness.signIn(fields: "Expect: 100-continue\r\n")
        let end = try #require(request.firstRange(of: "\r\n\r\n")).upperBound
        try connection.send(String(request[..<end]))
        #expect(try connection.readResponse().status == 100)
        try connection.send(String(request[end...]))
        #expect(try connection.readResponse().status == 200)
    }

    @Test("an upgrade is passed over, and the connection ends after its answer")
    func upgrade() async throws {
        let server = try await ServerHarness()
        defer { server.stop() }
        let connection = try server.connect()
        try connection.send(
            "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                + "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n")
        #expect(try connection.readResponse().status == 200)
        #expect(try connection.readToEnd() == [])
    }

    @Test(
        "a target in absolute form, and one with a query, lead where their path does",
        arguments: ["http://door/healthz", "/healthz?x=/y", "http://door:80/healthz?x"])
    func target(text: String) async throws {
        let server = try await ServerHarness()
        defer { server.stop() }
        let connection = try server.connect()
        try connection.send("GET \(text) HTTP/1.1\r\nHost: door\r\n\r\n")
        #expect(try connection.readResponse().status == 200)
    }

    @Test(
        "the path of a target",
        arguments: [
            ("/", "/"), ("/a/b?c#d", "/a/b"), ("*", "*"), ("http://h", "/"), ("http://h?q", "/"),
            ("https://h:1/a?b", "/a"),
            ("a:b", "a:b"), ("//h/a", "//h/a"), ("", ""),
        ])
    func path(target: String, expected: String) {
        #expect(Request.path(ofTarget: target) == expected)
    }
}
