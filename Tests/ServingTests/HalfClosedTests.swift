import Foundation
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(1)))
struct HalfClosedTests {
    @Test("one still gets the answer that needs no wait")
    func atOnce() async throws {
        let client = try await Client(LiveServer())
        try await client.send(getRequest("/healthz"))
        client.closeWriting()
        #expect(try await client.response().status == 200)
        #expect(try await client.rest().isEmpty)
    }

    @Test("one still gets the answer that waits for Redis")
    func afterAWait() async throws {
        let redis = try await RedisServer()
        let client = try await Client(LiveServer(redis: redis))
        try await client.send(signInRequest(validBody))
        client.closeWriting()
        #expect(try await client.response().status == 200)
        #expect(try await client.rest().isEmpty)
    }

    @Test("one gets the answers to all requests that it sent, also where each waits for Redis")
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

    @Test("one gets every answer whole, also where they are more than a socket takes at once")
    func large() async throws {
        let client = try await Client(LiveServer())
        let one = try await client.ask(getRequest("/openapi.yaml"))
        #expect(one.body.count > 10_000)
        // Some ten megabytes.
        let count = 10_000_000 / one.body.count
        try await client.send(String(repeating: getRequest("/openapi.yaml"), count: count))
        client.closeWriting()
        let responses = try await client.responses(count)
        #expect(responses.allSatisfy { $0.status == 200 && $0.body == one.body })
        #expect(try await client.rest().isEmpty)
    }

    @Test("one that closes within a request is told that it is none")
    func within() async throws {
        let server = try await LiveServer()
        for text in ["GET /heal", "GET /healthz HTTP/1.1\r\nHost: do", signInHead("Content-Length: 9") + "{"] {
            let client = try await Client(server)
            try await client.send(text)
            client.closeWriting()
            expectRefusal(try await client.response(), 400, "bad_request", text)
            #expect(try await client.rest().isEmpty)
        }
    }

    @Test("one that closes without a request gets nothing")
    func nothing() async throws {
        let client = try await Client(LiveServer())
        client.closeWriting()
        #expect(try await client.rest().isEmpty)
    }
}
