import Foundation
import NIOCore
import Serving
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(1)))
struct TimeoutTests {
    /// Little time for a request to come, and much between requests.
    private var hasty: HTTPServerConfiguration {
        var configuration = HTTPServerConfiguration.onLoopback
        configuration.requestTimeout = .milliseconds(200)
        return configuration
    }

    /// Little time between requests, and much for one to come.
    private var busy: HTTPServerConfiguration {
        var configuration = HTTPServerConfiguration.onLoopback
        configuration.requestTimeout = .seconds(4)
        configuration.idleTimeout = .milliseconds(500)
        return configuration
    }

    /// What comes at once, and what drips.
    private static let drippingRequests = [
        ("", "GET /healthz HTTP/1.1\r\nHost: door\r\nX-Padding: " + String(repeating: "a", count: 10_000)),
        ("GET /", String(repeating: "a", count: 10_000)),
        (signInHead("Content-Length: 10000"), String(repeating: " ", count: 9_999)),
        (signInHead("Transfer-Encoding: chunked"), String(repeating: "1\r\n \r\n", count: 1_000)),
    ]

    @Test("a request that drips in is refused once its time is up", arguments: 0..<4)
    func drips(_ index: Int) async throws {
        let client = try await Client(LiveServer(hasty))
        let (head, rest) = TimeoutTests.drippingRequests[index]
        try await client.send(head)
        async let dripping: Void = client.sendSingly(Array(rest.utf8), every: .milliseconds(10))
        expectRefusal(try await client.response(), 408, "request_timeout")
        client.close()
        await dripping
    }

    @Test(
        "a request that stops coming is refused once its time is up",
        arguments: [
            "G", "GET /healthz HTTP/1.1\r\n", "GET /healthz HTTP/1.1\r\nHost: door\r\n",
            signInHead("Content-Length: 2"), signInHead("Content-Length: 2") + "{",
            signInHead("Transfer-Encoding: chunked") + chunk("{}"),
            signInHead("Transfer-Encoding: chunked") + chunk("{}") + "0\r\n",
        ])
    func stops(_ text: String) async throws {
        let client = try await Client(LiveServer(hasty))
        expectRefusal(try await client.ask(text), 408, "request_timeout")
        #expect(try await client.rest().isEmpty)
    }

    @Test("what is refused within its body is still known by its head")
    func knownByHead() async throws {
        let client = try await Client(LiveServer(hasty))
        let response = try await client.ask(signInHead("Content-Length: 2", "X-Request-Id: caller/17"))
        expectRefusal(response, 408, "request_timeout")
        #expect(response["X-Request-Id"] == "caller/17")
        #expect(response["Access-Control-Allow-Origin"] == "https://portal.example")
    }

    @Test("the time of the second request on a connection begins with its own first byte")
    func second() async throws {
        let client = try await Client(LiveServer(hasty))
        #expect(try await client.ask(getRequest("/healthz")).status == 200)
        // Longer than a request may take: the connection is silent, and nothing is late.
        try await Task.sleep(for: .milliseconds(600))
        #expect(try await client.ask(getRequest("/healthz")).status == 200)
        expectRefusal(try await client.ask("GET /healthz"), 408, "request_timeout")
    }

    @Test("a connection on which nothing comes is closed without a word")
    func silent() async throws {
        let client = try await Client(LiveServer(busy))
        #expect(try await client.rest().isEmpty)
    }

    @Test("so is one on which nothing more comes")
    func silentAfterwards() async throws {
        let client = try await Client(LiveServer(busy))
        #expect(try await client.ask(getRequest("/healthz")).status == 200)
        #expect(try await client.rest().isEmpty)
    }

    @Test("a request that takes Redis longer than the connection may be silent is still answered")
    func slowAnswer() async throws {
        let redis = try await RedisServer()
        let client = try await Client(LiveServer(busy, redis: redis))
        #expect(try await client.ask(getRequest("/readyz")).status == 200)
        redis.freeze()
        try await client.send(getRequest("/readyz"))
        // Longer than a connection may be silent.
        try await Task.sleep(for: .milliseconds(1500))
        redis.thaw()
        #expect(try await client.response().status == 200)
    }
}
