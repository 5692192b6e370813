import Foundation
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(1)))
struct HeaderSizeTests {
    private static let padding = String(repeating: "a", count: 20_000)

    private static let heads: [String] = [
        getRequest("/healthz", "X-Padding: \(padding)"),
        getRequest("/healthz", "\(padding): x"),
        getRequest("/\(padding)"),
        getRequest("/healthz?\(padding)"),
        request("GET", "/healthz", [String](repeating: "X-Padding: \(padding.prefix(500))", count: 40)),
        request("GET", "/healthz", [String](repeating: "X-Padding:", count: 1000)),
        // Incomplete heads, which are refused although nothing more arrives.
        "GET /healthz HTTP/1.1\r\nHost: postern\r\nX-Padding: \(padding)",
        "GET /healthz HTTP/1.1\r\nHost: postern\r\n\(padding)",
        "GET /\(padding)",
    ]

    @Test("a head that is too large is refused", arguments: 0..<9)
    func tooLarge(_ index: Int) async throws {
        let server = try await LiveServer()
        let client = try await Client(server)
        let response = try await client.ask(HeaderSizeTests.heads[index])
        expectRefusal(response, 431, "header_fields_too_large")
        #expect(try await client.rest().isEmpty)
        try await expectAlive(server)
    }

    @Test("trailers that are too large are refused like header fields")
    func trailers() async throws {
        let client = try await Client(LiveServer())
        let trailer = "X-Padding: \(HeaderSizeTests.padding)\r\n"
        let response = try await client.ask(
            signInHead("Transfer-Encoding: chunked") + chunk("{}") + "0\r\n\(trailer)\r\n")
        expectRefusal(response, 431, "header_fields_too_large")
        #expect(try await client.rest().isEmpty)
    }

    @Test("an unknown method is refused, even a very long one")
    func method() async throws {
        let client = try await Client(LiveServer())
        let response = try await client.ask(request(HeaderSizeTests.padding.uppercased(), "/healthz"))
        expectRefusal(response, 400, "bad_request")
        #expect(try await client.rest().isEmpty)
    }

    @Test("a large head within the limit is served, repeatedly")
    func large() async throws {
        let client = try await Client(LiveServer())
        for _ in 0..<3 {
            let field = "X-Padding: \(HeaderSizeTests.padding.prefix(16_000))"
            #expect(try await client.ask(getRequest("/healthz", field)).status == 200)
            let fields = [String](repeating: "X-Padding: \(HeaderSizeTests.padding.prefix(70))", count: 190)
            #expect(try await client.ask(request("GET", "/healthz", fields)).status == 200)
        }
    }
}
