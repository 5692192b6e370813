import Foundation
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(1)))
struct MessageFramingTests {
    private static let invalidBody = #"{"email":"nobody"}"#

    /// The same request with a length and in chunks. It is answered without Redis.
    private static let requests = [
        signInRequest(invalidBody),
        signInHead("Transfer-Encoding: chunked") + chunk(#"{"email":"#) + chunk(#""nobody"}"#) + "0\r\n\r\n",
    ]

    @Test("a request that arrives byte by byte is answered", arguments: MessageFramingTests.requests)
    func singleBytes(_ text: String) async throws {
        let client = try await Client(LiveServer())
        for _ in 0..<2 {
            await client.sendSingly(Array(text.utf8))
            expectRefusal(try await client.response(), 400, "validation_error", closes: false)
        }
    }

    @Test("a request that is cut off at any length is not served", arguments: MessageFramingTests.requests)
    func cutOff(_ text: String) async throws {
        let server = try await LiveServer()
        let bytes = Array(text.utf8)
        for length in 1..<bytes.count {
            let client = try await Client(server)
            try await client.send(bytes: Array(bytes[..<length]))
            client.closeWriting()
            expectRefusal(try await client.response(), 400, "bad_request", "\(length) bytes")
            #expect(try await client.rest().isEmpty)
        }
        // The complete request is served.
        expectRefusal(try await Client(server).ask(text), 400, "validation_error", closes: false)
    }

    @Test(
        "a client that disconnects at any point of a request does not stop the server",
        arguments: MessageFramingTests.requests)
    func disconnected(_ text: String) async throws {
        let server = try await LiveServer()
        let bytes = Array(text.utf8)
        for length in 0...bytes.count {
            let client = try await Client(server)
            try await client.send(bytes: Array(bytes[..<length]))
            client.close()
        }
        try await expectAlive(server)
    }

    @Test(
        "a chunked body is joined from its chunks, whatever their extensions and trailers",
        arguments: [
            "12\r\n{\"email\":\"nobody\"}\r\n0\r\n\r\n",
            "0012\r\n{\"email\":\"nobody\"}\r\n000\r\n\r\n",
            "2;name=value\r\n{\"\r\n10;x=\"y z\"\r\nemail\":\"nobody\"}\r\n0;last\r\n\r\n",
            "1\r\n{\r\n1\r\n\"\r\nE\r\nemail\":\"nobody\r\n2\r\n\"}\r\n0\r\n\r\n",
            "12\r\n{\"email\":\"nobody\"}\r\n0\r\nX-Trailer: one\r\nContent-Type: text/plain\r\n\r\n",
        ])
    func chunks(_ body: String) async throws {
        let client = try await Client(LiveServer())
        for name in ["one", "two"] {
            let response = try await client.ask(
                signInHead("Transfer-Encoding: chunked", "X-Request-Id: \(name)") + body)
            expectRefusal(response, 400, "validation_error", closes: false)
            #expect(response["X-Request-Id"] == name)
        }
    }

    @Test("empty lines before a request are ignored")
    func emptyLines() async throws {
        let client = try await Client(LiveServer())
        for _ in 0..<2 {
            #expect(try await client.ask("\r\n\r\n" + getRequest("/healthz")).status == 200)
        }
    }

    @Test("a request without a body has an empty one")
    func noBody() async throws {
        let client = try await Client(LiveServer())
        for fields in [[], ["Content-Length: 0"]] as [[String]] {
            let text = request("POST", "/auth/send-magic-link", ["Content-Type: application/json"] + fields)
            let response = try await client.ask(text)
            expectRefusal(response, 400, "invalid_json", closes: false)
            #expect(response.json["error"] as? String == "The body is empty; send a JSON object")
        }
    }

    @Test("an HTTP/1.1 request must have exactly one Host, which may be empty")
    func host() async throws {
        let server = try await LiveServer()
        for (lines, isServed) in [
            ("Host: postern\r\n", true), ("host: elsewhere.example\r\n", true), ("Host:\r\n", true), ("", false),
            ("Host: postern\r\nHost: postern\r\n", false), ("Host: postern\r\nhOST: elsewhere.example\r\n", false),
            ("X-Host: postern\r\n", false),
        ] {
            let response = try await Client(server).ask("GET /healthz HTTP/1.1\r\n\(lines)\r\n")
            if isServed {
                #expect(response.status == 200, "\(lines)")
            } else {
                expectRefusal(response, 400, "bad_request", lines)
            }
        }
    }
}
