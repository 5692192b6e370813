import Foundation
import NIOCore
import Serving
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(1)))
struct TimeoutTests {
    /// Settings with a short time for a request to arrive, and a long time between requests.
    private var shortRequestTimeout: HTTPServerConfiguration {
        var configuration = HTTPServerConfiguration.onLoopback
        configuration.requestTimeout = .milliseconds(200)
        return configuration
    }

    /// Settings with a short time between requests, and a long time for a request to arrive.
    private var shortIdleTimeout: HTTPServerConfiguration {
        var configuration = HTTPServerConfiguration.onLoopback
        configuration.requestTimeout = .seconds(4)
        configuration.firstByteTimeout = .milliseconds(500)
        configuration.idleTimeout = .milliseconds(500)
        return configuration
    }

    /// The part of each request that is sent at once, and the part that is sent byte by byte.
    private static let drippingRequests = [
        ("", "GET /healthz HTTP/1.1\r\nHost: postern\r\nX-Padding: " + String(repeating: "a", count: 10_000)),
        ("GET /", String(repeating: "a", count: 10_000)),
        (signInHead("Content-Length: 10000"), String(repeating: " ", count: 9_999)),
        (signInHead("Transfer-Encoding: chunked"), String(repeating: "1\r\n \r\n", count: 1_000)),
    ]

    @Test("the refusal of a slow body is in the language that the request prefers")
    func language() async throws {
        let client = try await Client(LiveServer(shortRequestTimeout))
        try await client.send(signInHead("Content-Length: 7", "Accept-Language: nl"))
        expectRefusal(try await client.response(), 408, "request_timeout", in: "nl")
    }

    @Test("a request that arrives too slowly is refused after the request timeout", arguments: 0..<4)
    func drips(_ index: Int) async throws {
        let client = try await Client(LiveServer(shortRequestTimeout))
        let (head, rest) = TimeoutTests.drippingRequests[index]
        try await client.send(head)
        async let dripping: Void = client.sendSingly(Array(rest.utf8), every: .milliseconds(10))
        expectRefusal(try await client.response(), 408, "request_timeout")
        client.close()
        await dripping
    }

    @Test(
        "a request that stops arriving is refused after the request timeout",
        arguments: [
            "G", "GET /healthz HTTP/1.1\r\n", "GET /healthz HTTP/1.1\r\nHost: postern\r\n",
            signInHead("Content-Length: 2"), signInHead("Content-Length: 2") + "{",
            signInHead("Transfer-Encoding: chunked") + chunk("{}"),
            signInHead("Transfer-Encoding: chunked") + chunk("{}") + "0\r\n",
        ])
    func stops(_ text: String) async throws {
        let client = try await Client(LiveServer(shortRequestTimeout))
        expectRefusal(try await client.ask(text), 408, "request_timeout")
        #expect(try await client.rest().isEmpty)
    }

    @Test("a refusal within the body still has the request id and CORS fields of the head")
    func knownByHead() async throws {
        let client = try await Client(LiveServer(shortRequestTimeout))
        let response = try await client.ask(signInHead("Content-Length: 2", "X-Request-Id: caller/17"))
        expectRefusal(response, 408, "request_timeout")
        #expect(response["X-Request-Id"] == "caller/17")
        #expect(response["Access-Control-Allow-Origin"] == "https://portal.example")
    }

    @Test("the timeout of a second request starts with its own first byte")
    func second() async throws {
        let client = try await Client(LiveServer(shortRequestTimeout))
        #expect(try await client.ask(getRequest("/healthz")).status == 200)
        // Longer than the request timeout, which does not apply between requests.
        try await Task.sleep(for: .milliseconds(600))
        #expect(try await client.ask(getRequest("/healthz")).status == 200)
        expectRefusal(try await client.ask("GET /healthz"), 408, "request_timeout")
    }

    @Test("a connection without a request is closed without a response")
    func silent() async throws {
        let client = try await Client(LiveServer(shortIdleTimeout))
        #expect(try await client.rest().isEmpty)
    }

    @Test("a connection without a further request is closed without another response")
    func silentAfterwards() async throws {
        let client = try await Client(LiveServer(shortIdleTimeout))
        #expect(try await client.ask(getRequest("/healthz")).status == 200)
        #expect(try await client.rest().isEmpty)
    }

    @Test("a request for which Redis takes longer than the idle timeout is still answered")
    func slowAnswer() async throws {
        let redis = try await RedisServer()
        let client = try await Client(LiveServer(shortIdleTimeout, redis: redis))
        #expect(try await client.ask(getRequest("/readyz")).status == 200)
        redis.freeze()
        try await client.send(getRequest("/readyz"))
        // Longer than the idle timeout.
        try await Task.sleep(for: .milliseconds(1500))
        redis.thaw()
        #expect(try await client.response().status == 200)
    }
}
