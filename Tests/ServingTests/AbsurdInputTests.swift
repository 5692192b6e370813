import Foundation
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(1)))
struct AbsurdInputTests {
    private static let megabytes = [UInt8](repeating: UInt8(ascii: "a"), count: 10 * 1024 * 1024)

    /// Sends a head and the bytes after it, which the server may refuse before it has read all of them.
    private func answer(_ server: LiveServer, _ head: String, _ rest: [UInt8]) async throws -> RawResponse {
        let client = try await Client(server)
        try await client.send(head)
        // The response may arrive, and the connection close, before everything is sent.
        async let sending: Void = sendIgnoringErrors(rest, by: client)
        defer { client.close() }
        let response = try await client.response()
        client.close()
        await sending
        return response
    }

    private func sendIgnoringErrors(_ bytes: [UInt8], by client: Client) async {
        try? await client.send(bytes: bytes)
    }

    @Test("10 MB with a Content-Length are refused")
    func announced() async throws {
        let server = try await LiveServer()
        for _ in 0..<3 {
            let head = signInHead("Content-Length: \(AbsurdInputTests.megabytes.count)")
            let response = try await answer(server, head, AbsurdInputTests.megabytes)
            expectRefusal(response, 413, "payload_too_large")
            try await expectAlive(server)
        }
    }

    @Test("10 MB in chunks of any size are refused", arguments: [1, 16, 4096, 16_385, 10 * 1024 * 1024])
    func chunks(_ size: Int) async throws {
        let server = try await LiveServer()
        let one = Array(chunk(String(repeating: "a", count: size)).utf8)
        var bytes: [UInt8] = []
        while bytes.count < AbsurdInputTests.megabytes.count { bytes += one }
        let response = try await answer(server, signInHead("Transfer-Encoding: chunked"), bytes)
        expectRefusal(response, 413, "payload_too_large")
        try await expectAlive(server)
    }

    @Test("10,000 header lines are refused")
    func headerLines() async throws {
        let server = try await LiveServer()
        let lines = (0..<10_000).map { "X-Line-\($0): \($0)\r\n" }.joined() + "\r\n"
        let response = try await answer(server, "GET /healthz HTTP/1.1\r\nHost: postern\r\n", Array(lines.utf8))
        expectRefusal(response, 431, "header_fields_too_large")
        try await expectAlive(server)
    }

    @Test("one header line of 10 MB is refused")
    func headerLine() async throws {
        let server = try await LiveServer()
        let head = "GET /healthz HTTP/1.1\r\nHost: postern\r\nX-Line: "
        let response = try await answer(server, head, AbsurdInputTests.megabytes)
        expectRefusal(response, 431, "header_fields_too_large")
        try await expectAlive(server)
    }

    @Test("a path of 10 MB is refused")
    func path() async throws {
        let server = try await LiveServer()
        let response = try await answer(server, "GET /", AbsurdInputTests.megabytes)
        expectRefusal(response, 431, "header_fields_too_large")
        try await expectAlive(server)
    }

    @Test("10 MB of any one byte are refused", arguments: [0, 0x20, 0x41, 0x7B, 0x80, 0xFF] as [UInt8])
    func anything(_ byte: UInt8) async throws {
        let server = try await LiveServer()
        let bytes = [UInt8](repeating: byte, count: AbsurdInputTests.megabytes.count)
        let response = try await answer(server, "", bytes)
        expectRefusal(response, 400, "bad_request")
        try await expectAlive(server)
    }

    @Test("random bytes are refused")
    func random() async throws {
        let server = try await LiveServer()
        var generator = SeededGenerator(seed: 17)
        for round in 0..<100 {
            // At the position of the first byte, only ASCII is valid.
            var bytes: [UInt8] = [0x80]
            for _ in 0..<200 { bytes.append(UInt8.random(in: 0...255, using: &generator)) }
            let heads = [
                "", "PO", "POST /", "POST / HTTP/1.1\r\nHost: postern\r\n", signInHead("Transfer-Encoding: chunked"),
            ]
            let response = try await answer(server, heads[round % heads.count], bytes)
            expectRefusal(response, 400, "bad_request", "round \(round)")
        }
        try await expectAlive(server)
    }

    @Test("a request with any one byte changed is refused with a 4xx, and the server keeps serving")
    func oneByte() async throws {
        let server = try await LiveServer()
        let text = Array(signInRequest(#"{"email":"nobody"}"#, "Connection: close").utf8)
        for index in text.indices {
            for byte in [0x00, 0x0A, 0x0D, 0x20, 0x3A, 0x80] as [UInt8] {
                var bytes = text
                bytes[index] = byte
                let client = try await Client(server)
                try await client.send(bytes: bytes)
                client.closeWriting()
                let response = try await client.response()
                #expect((400...431).contains(response.status), "byte \(index) as \(byte)")
                #expect((response.json["code"] as? String)?.isEmpty == false, "byte \(index) as \(byte)")
                #expect(try await client.rest().isEmpty, "byte \(index) as \(byte)")
            }
        }
        try await expectAlive(server)
    }
}

/// A generator of the same numbers in each run (SplitMix64).
private struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
