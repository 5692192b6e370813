import Foundation
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(1)))
struct MalformedRequestTests {
    /// Checks that each text is answered with 400 and closes its connection, and that the server still answers.
    private func expectBadRequests(_ texts: [String], sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let server = try await LiveServer()
        for text in texts {
            let client = try await Client(server)
            try await client.send(bytes: text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) })
            let comment = String(text.prefix(200))
            let response = try await client.response()
            expectRefusal(response, 400, "bad_request", comment, sourceLocation: sourceLocation)
            #expect(try await client.rest().isEmpty, "\(comment)", sourceLocation: sourceLocation)
        }
        try await expectAlive(server, sourceLocation: sourceLocation)
    }

    @Test("a malformed request line is refused")
    func requestLine() async throws {
        let lines = [
            "nonsense", "GET", "GET ", "GET /healthz", "GET /healthz ", "GET /healthz HTTP", "GET /healthz HTTP/",
            "GET /healthz HTTP/1", "GET /healthz HTTP/1.x", "GET /healthz HTTP/11", "GET /healthz HTTQ/1.1",
            "GET /healthz http/1.1", "GET /healthz HTTP/0.9", "GET /healthz HTTP/1.2", "GET /healthz HTTP/2.0",
            "GET /healthz HTTP/3.0", "GET /healthz HTTP/1.1 ", "GET /healthz HTTP/1.1 x", "get /healthz HTTP/1.1",
            "G\u{C9}T /healthz HTTP/1.1", "FROBNICATE /healthz HTTP/1.1", "GE(T /healthz HTTP/1.1",
            " GET /healthz HTTP/1.1", "GET\t/healthz\tHTTP/1.1", "GET /heal thz HTTP/1.1", "GET healthz HTTP/1.1",
            "GET /heal\u{0}thz HTTP/1.1", "GET /heal\u{1}thz HTTP/1.1", "GET /heal\u{7F}thz HTTP/1.1",
            "GET /heal\u{E9}thz HTTP/1.1", "\u{0}GET /healthz HTTP/1.1", "GET\u{0} /healthz HTTP/1.1",
            "{\"email\":\"ada@example.com\"}", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{FC}\u{3}\u{3}",
        ]
        try await expectBadRequests(lines.map { $0 + "\r\nHost: postern\r\n\r\n" })
        try await expectBadRequests(["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /healthz HTTP/1.1\nHost: postern\n\n"])
    }

    @Test("a malformed header field is refused")
    func headerFields() async throws {
        let lines = [
            "X-Name", "X Name: value", "X-Name : value", "X-Name\t: value", ": value", "X-N\u{0}ame: value",
            "X-N\u{1}ame: value", "X-N\u{E9}me: value", "X-Name: val\u{0}ue", "X-Name: val\u{1}ue",
            "X-Name: val\u{7F}ue", "X-Name: val\rue", "X-Name: val\nX-Other", "X-Name: one\r\n two",
            "X-Name: one\r\n\ttwo", "X-(Name): value", "X-\"Name\": value", "X-Name, X-Other: value", "\u{0}",
        ]
        try await expectBadRequests(lines.map { "GET /healthz HTTP/1.1\r\nHost: postern\r\n\($0)\r\n\r\n" })
        try await expectBadRequests(["GET /healthz HTTP/1.1\r\n X-Name: value\r\nHost: postern\r\n\r\n"])
    }

    @Test("an invalid Content-Length is refused")
    func contentLength() async throws {
        let lengths = [
            "-1", "-0", "+1", "1.0", "1e3", "0x1", "one", "", "1 1", "1, 1", "1;x", "1\u{0}", "\"1\"", "\u{B2}",
            "18446744073709551616", "99999999999999999999999999999999",
        ]
        try await expectBadRequests(lengths.map { signInHead("Content-Length: \($0)") + "x" })
    }

    @Test("two lengths, or a length and chunks, are refused, because another parser could see two requests")
    func twoFramings() async throws {
        let framings = [
            ["Content-Length: 5", "Content-Length: 5"], ["Content-Length: 5", "Content-Length: 6"],
            ["Content-Length: 5", "content-length: 0"], ["Content-Length: 5", "Transfer-Encoding: chunked"],
            ["Transfer-Encoding: chunked", "Content-Length: 5"], ["Content-Length: 0", "Transfer-Encoding: chunked"],
        ]
        try await expectBadRequests(
            framings.map { request("POST", "/auth/send-magic-link", $0) + "0\r\n\r\n" + getRequest("/healthz") })
    }

    @Test("any transfer coding except a single chunked is refused")
    func transferEncoding() async throws {
        let codings = [
            "gzip", "identity", "chunked, gzip", "chunked, chunked", "xchunked", "chunkedx", "chunk", "chun ked",
        ]
        try await expectBadRequests(codings.map { signInHead("Transfer-Encoding: \($0)") + "0\r\n\r\n" })
        try await expectBadRequests(
            [signInHead("Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + "0\r\n\r\n"])
    }

    @Test("a malformed chunk is refused")
    func chunks() async throws {
        let bodies = [
            "g\r\n", "-1\r\n", "+1\r\nx\r\n", "0x1\r\nx\r\n", "\r\n", " 1\r\nx\r\n", "1 \r\nx\r\n", "1\nx\n0\n\n",
            "one\r\n", "1\r\nxyz\r\n", "1\r\nx0\r\n\r\n", "ffffffffffffffffff\r\n", "\u{0}\r\n", "1\u{0}\r\nx\r\n",
            "1\r\nx\r\n0\r\nno trailer\r\n\r\n", "1\r\nx\r\n0\r\nX-Name: val\u{0}ue\r\n\r\n",
        ]
        try await expectBadRequests(bodies.map { signInHead("Transfer-Encoding: chunked") + $0 + "0\r\n\r\n" })
    }

    @Test("a refusal within the body still has the request id and CORS fields of the head")
    func knownByHead() async throws {
        let client = try await Client(LiveServer())
        let response = try await client.ask(
            signInHead("Transfer-Encoding: chunked", "X-Request-Id: caller/17") + "nonsense\r\n")
        expectRefusal(response, 400, "bad_request")
        #expect(response["X-Request-Id"] == "caller/17")
        #expect(response["Access-Control-Allow-Origin"] == "https://portal.example")
    }
}
