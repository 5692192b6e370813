import NIOCore
import Runtimes
import Testing
import TestSupport

@Suite("what HTTP does not allow, and what takes too long or too much")
struct RefusalTests {
    private static let post = "POST /auth/send-magic-link HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"

    @Test(
        "what is not HTTP/1.1 is refused in the documented shape, and the connection ends",
        arguments: [
            "nonsense\r\n\r\n", "GET\r\n\r\n", "GET /healthz\r\n\r\n", "GET /healthz HTTP/9.9\r\n\r\n",
            "GET /healthz HTTP/1.1\r\n\r\n", "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost: a\r\nX Y: z\r\n\r\n", "GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost: a\r\n: z\r\n\r\n", "GET /hea\0lthz HTTP/1.1\r\nHost: a\r\n\r\n",
            "\(post)Content-Length: -1\r\n\r\n", "\(post)Content-Length: x\r\n\r\n",
            "\(post)Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
            "\(post)Content-Length: 99999999999999999999999\r\n\r\n",
            "\(post)Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
            "\(post)Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        ])
    func malformed(bytes: String) async throws {
        let server = try await ServerHarness()
        defer { server.stop() }
        let connection = try server.connect()
        try connection.send(bytes)
        let response = try connection.readResponse()
        #expect(response.status == 400)
        #expect(response["Connection"] == "close")
        #expect(response.json["code"] as? String == "bad_request")
        #expect(try connection.readToEnd() == [])
    }

    @Test("a body is 16 KiB at most, with or without a length")
    func bodySize() async throws {
        let server = try await ServerHarness()
        defer { server.stop() }
        for (count, status) in [(16_384, 400), (16_385, 413)] {
            let body = String(repeating: "x", count: count)
            let requests = [
                "\(RefusalTests.post)Content-Length: \(count)\r\n\r\n\(body)",
                "\(RefusalTests.post)Transfer-Encoding: chunked\r\n\r\n\(String(count, radix: 16))\r\n\(body)\r\n0\r\n\r\n",
            ]
            for request in requests {
                let connection = try server.connect()
                try connection.send(request)
                let response = try connection.readResponse()
                #expect(response.status == status)
                #expect(response["Connection"] == (status == 413 ? "close" : nil))
            }
        }
    }

    @Test("a length that is too large is refused before anything of the body has come, and without 100")
    func announced() async throws {
        let server = try await ServerHarness()
        defer { server.stop() }
        let connection = try server.connect()
        try connection.send(
            "\(RefusalTests.post)Origin: https://example.com\r\nExpect: 100-continue\r\nContent-Length: 16385\r\n\r\n")
        let response = try connection.readResponse()
        #expect(response.status == 413)
        #expect(response["Access-Control-Allow-Origin"] == "https://example.com")
        #expect(response.json["code"] as? String == "payload_too_large")
    }

    @Test(
        "header fields are 16 KiB at most, together",
        arguments: [
            "X: \(String(repeating: "x", count: 20_000))\r\n", String(repeating: "X: 0123456789\r\n", count: 10_000),
        ])
    func headerSize(fields: String) async throws {
        let server = try await ServerHarness()
        defer { server.stop() }
        let connection = try server.connect()
        try? connection.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
        let response = try connection.readResponse()
        #expect(response.status == 431)
        #expect(response.json["code"] as? String == "header_fields_too_large")
    }

    @Test("a head or a body that drips is refused when its time is up", arguments: [10, 150])
    func drips(afterByteCount count: Int) async throws {
        let server = try await ServerHarness { $0.requestTimeout = .milliseconds(400) }
        defer { server.stop() }
        let connection = try server.connect()
        let bytes = Array(ServerHarness.signIn().utf8)
        try connection.send(bytes: Array(bytes[..<count]))
        let dripping = Task {
            for byte in bytes[count...] {
                guard (try? connection.send(bytes: [byte])) != nil else { return }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
        defer { dripping.cancel() }
        let response = try connection.readResponse()
        #expect(response.status == 408)
        #expect(response.json["code"] as? String == "request_timeout")
        #expect(try connection.readToEnd() == [])
    }

    @Test("a connection that is silent is closed without a word")
    func idle() async throws {
        let server = try await ServerHarness { $0.idleTimeout = .milliseconds(200) }
        defer { server.stop() }
        let connection = try server.connect()
        try connection.send(ServerHarness.health)
        #expect(try connection.readResponse().status == 200)
        #expect(try connection.readToEnd() == [])
    }

    @Test("one connection more than may be waits until another has ended")
    func cap() async throws {
        let server = try await ServerHarness { $0.maximumConnectionCount = 4 }
        defer { server.stop() }
        let connections = try (0..<4).map { _ in try server.connect() }
        for connection in connections {
            try connection.send(ServerHarness.health)
            #expect(try connection.readResponse().status == 200)
        }
        let fifth = try server.connect()
        try fifth.send(ServerHarness.health)
        #expect(throws: RawHTTPError.self) { try fifth.readResponse(timeout: .milliseconds(200)) }
        connections[0].close()
        #expect(try fifth.readResponse().status == 200)
    }

    @Test("a client that does not read its answers is not read either")
    func unread() async throws {
        let server = try await ServerHarness { $0.requestTimeout = .seconds(60) }
        defer { server.stop() }
        let connection = try server.connect()
        let requests = String(repeating: "GET /openapi.yaml HTTP/1.1\r\nHost: a\r\n\r\n", count: 1000)
        let sent = Mutexed(0)
        let sending = Task {
            try await onOwnThread {
                // Far more than all buffers on the way hold.
                for _ in 0..<2000 {
                    try connection.send(requests)
                    sent.update { $0 += 1 }
                }
            }
        }
        var last = -1
        try await eventually("the server to read no more") {
            try await Task.sleep(for: .milliseconds(300))
            defer { last = sent.value }
            return sent.value == last
        }
        #expect(sent.value < 2000)
        connection.close()
        _ = await sending.result
    }
}
