import Foundation
import NIOCore
import Serving
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(1)))
struct LingerTests {
    private static let lastRequests = [
        "nonsense\r\n\r\n",
        "GET /healthz HTTP/1.1\r\n\r\n",
        "GET /" + String(repeating: "a", count: 20_000),
        signInHead("Content-Length: 16385"),
        signInHead("Transfer-Encoding: chunked") + "nonsense\r\n",
        getRequest("/healthz", "Connection: close"),
        "GET /healthz HTTP/1.0\r\n\r\n",
    ]

    @Test(
        "after the last response, input is still read for a short time, so that no reset discards the response",
        arguments: 0..<7)
    func readFor(_ index: Int) async throws {
        var configuration = HTTPServerConfiguration.onLoopback
        configuration.lingerTimeout = .seconds(60)
        let server = try await LiveServer(configuration)
        let client = try await Client(server)
        let response = try await client.ask(LingerTests.lastRequests[index])
        #expect(response["Connection"] == "close")
        #expect(try await client.rest().isEmpty)
        for _ in 0..<6 {
            try await client.send("more of it\r\n")
            // Once this is answered, the event loop has also read the client's bytes.
            try await expectAlive(server)
        }
    }

    @Test("a client that does not close its side is disconnected after the linger timeout", arguments: 0..<7)
    func disconnected(_ index: Int) async throws {
        var configuration = HTTPServerConfiguration.onLoopback
        configuration.lingerTimeout = .milliseconds(100)
        configuration.requestTimeout = .seconds(2)
        let client = try await Client(LiveServer(configuration))
        let response = try await client.ask(LingerTests.lastRequests[index])
        #expect(response["Connection"] == "close")
        #expect(try await client.rest().isEmpty)
        try await eventually("the socket to be closed") { (try? await client.send("x")) == nil }
    }
}
