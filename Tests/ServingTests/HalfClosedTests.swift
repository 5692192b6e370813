import Foundation
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(1)))
struct HalfClosedTests {
    @Test("a client that has closed its side still gets an immediate response")
    func atOnce() async throws {
        let client = try await Client(LiveServer())
        try await client.send(getRequest("/healthz"))
        client.closeWriting()
        #expect(try await client.response().status == 200)
        #expect(try await client.rest().isEmpty)
    }

    @Test("a client that has closed its side still gets a response that waits for Redis")
    func afterAWait() async throws {
        let redis = try await RedisServer()
        let client = try await Client(LiveServer(redis: redis))
        try await client.send(signInRequest(validBody))
        client.closeWriting()
        #expect(try await client.response().status == 200)
        #expect(try await client.rest().isEmpty)
    }

    @Test("all requests sent before the close are answered, even if each waits for Redis")
    func several() async throws {
        let redis = try await RedisServer()
        let client = try await Client(LiveServer(redis: redis))
        let requests = (0..<10).map { signInRequest(validBody, "X-Request-Id: \($0)") }
        try await client.send(requests.joined())
        client.closeWriting()
        let text = String(decoding: try await client.rest(), as: UTF8.self)
        let names = text.components(separatedBy: "\r\n").filter { $0.hasPrefix("X-Request-Id: ") }
        #expect(names == (0..<10).map { "X-Request-Id: \($0)" })
    }

    @Test("all responses arrive completely, even if they exceed the socket's buffer")
    func large() async throws {
        let client = try await Client(LiveServer())
        let one = try await client.ask(getRequest("/large"))
        #expect(one.body.count > 10_000)
        // About ten megabytes.
        let count = 10_000_000 / one.body.count
        try await client.send(String(repeating: getRequest("/large"), count: count))
        client.closeWriting()
        let responses = try await client.responses(count)
        #expect(responses.allSatisfy { $0.status == 200 && $0.body == one.body })
        #expect(try await client.rest().isEmpty)
    }

    @Test("a client that closes its side in the middle of a request gets a 400")
    func within() async throws {
        let server = try await LiveServer()
        for text in ["GET /heal", "GET /healthz HTTP/1.1\r\nHost: po", signInHead("Content-Length: 9") + "{"] {
            let client = try await Client(server)
            try await client.send(text)
            client.closeWriting()
            expectRefusal(try await client.response(), 400, "bad_request", text)
            #expect(try await client.rest().isEmpty)
        }
    }

    @Test("a client that closes its side without a request gets nothing")
    func nothing() async throws {
        let client = try await Client(LiveServer())
        client.closeWriting()
        #expect(try await client.rest().isEmpty)
    }
}
