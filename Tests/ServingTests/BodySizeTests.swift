import Foundation
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(1)))
struct BodySizeTests {
    /// A body of this length that is valid JSON, but does not have the fields of a sign-in request.
    private func paddedBody(_ byteCount: Int) -> String {
        let text = #"{"email":"nobody"}"#
        return text + String(repeating: " ", count: byteCount - text.utf8.count)
    }

    @Test(
        "a body with a Content-Length above 16 KiB is refused before any of it arrives",
        arguments: ["16385", "00016385", "99999", "10485760", "4294967296", "9223372036854775807"])
    func announced(_ length: String) async throws {
        let client = try await Client(LiveServer())
        let response = try await client.ask(signInHead("Content-Length: \(length)", "X-Request-Id: caller/17"))
        expectRefusal(response, 413, "payload_too_large")
        #expect(response["X-Request-Id"] == "caller/17")
        #expect(response["Access-Control-Allow-Origin"] == "https://portal.example")
        #expect(try await client.rest().isEmpty)
    }

    @Test("the refusal of a long body is in the language that the request prefers")
    func language() async throws {
        let head = signInHead("Content-Length: 16385", "Accept-Language: de-DE,de;q=0.9,en;q=0.8")
        let response = try await Client(LiveServer()).ask(head)
        expectRefusal(response, 413, "payload_too_large", in: "de")
        #expect(response.json["error"] as? String == "Der Inhalt der Anfrage ist größer als 16384 Byte")
    }

    @Test(
        "a body with a Content-Length above a signed 64-bit number is refused",
        arguments: ["9223372036854775808", "18446744073709551615"])
    func announcedBeyondInt64(_ length: String) async throws {
        let client = try await Client(LiveServer())
        try await client.send(signInHead("Content-Length: \(length)"))
        expectRefusal(try await client.response(timeout: .seconds(5)), 413, "payload_too_large")
    }

    @Test("a chunked body is refused as soon as it exceeds 16 KiB, before its end arrives")
    func chunked() async throws {
        let client = try await Client(LiveServer())
        try await client.send(signInHead("Transfer-Encoding: chunked") + chunk(paddedBody(16_384)))
        try await client.send(chunk(" "))
        expectRefusal(try await client.response(), 413, "payload_too_large")
        #expect(try await client.rest().isEmpty)
    }

    @Test("a single chunk above 16 KiB is refused before it is complete")
    func oneChunk() async throws {
        let client = try await Client(LiveServer())
        try await client.send(signInHead("Transfer-Encoding: chunked") + "ffffff\r\n" + paddedBody(16_385))
        expectRefusal(try await client.response(), 413, "payload_too_large")
        #expect(try await client.rest().isEmpty)
    }

    @Test("a body of up to 16 KiB is read", arguments: [16_383, 16_384])
    func exactly(_ byteCount: Int) async throws {
        let client = try await Client(LiveServer())
        let body = paddedBody(byteCount)
        expectRefusal(try await client.ask(signInRequest(body)), 400, "validation_error", closes: false)
        let head = signInHead("Transfer-Encoding: chunked")
        let whole = head + chunk(body) + "0\r\n\r\n"
        expectRefusal(try await client.ask(whole), 400, "validation_error", closes: false)
        let singles: String = head + body.map { chunk(String($0)) }.joined() + "0\r\n\r\n"
        expectRefusal(try await client.ask(singles), 400, "validation_error", closes: false)
    }

    @Test("the limit on bodies applies to all paths", arguments: ["/healthz", "/nothing", "/large"])
    func anyPath(_ path: String) async throws {
        let client = try await Client(LiveServer())
        expectRefusal(try await client.ask(request("PUT", path, ["Content-Length: 16385"])), 413, "payload_too_large")
    }

    @Test("the refusal of a HEAD request with a long body has no body itself")
    func head() async throws {
        let client = try await Client(LiveServer())
        try await client.send(request("HEAD", "/healthz", ["Content-Length: 16385"]))
        let response = try await client.response(isHead: true)
        #expect(response.status == 413)
        #expect(response["Content-Length"] != "0")
        #expect(try await client.rest().isEmpty)
    }

    // MARK: - Expect: 100-continue

    @Test(
        "a client that expects 100-continue gets it, and then the response",
        arguments: ["100-continue", "100-Continue", "100-CONTINUE"])
    func goOn(_ expectation: String) async throws {
        let client = try await Client(LiveServer())
        let body = #"{"email":"nobody"}"#
        for _ in 0..<2 {
            let interim = try await client.ask(
                signInHead("Expect: \(expectation)", "Content-Length: \(body.utf8.count)"))
            #expect(interim.status == 100)
            #expect(interim.fields.isEmpty)
            expectRefusal(try await client.ask(body), 400, "validation_error", closes: false)
        }
    }

    @Test("a client that expects 100-continue before a chunked body gets it")
    func goOnInChunks() async throws {
        let client = try await Client(LiveServer())
        let interim = try await client.ask(signInHead("Expect: 100-continue", "Transfer-Encoding: chunked"))
        #expect(interim.status == 100)
        let response = try await client.ask(chunk(#"{"email":"nobody"}"#) + "0\r\n\r\n")
        expectRefusal(response, 400, "validation_error", closes: false)
    }

    @Test("a client whose body is too long does not get 100-continue")
    func notGoOn() async throws {
        let client = try await Client(LiveServer())
        let response = try await client.ask(signInHead("Expect: 100-continue", "Content-Length: 16385"))
        expectRefusal(response, 413, "payload_too_large")
        #expect(try await client.rest().isEmpty)
    }

    @Test("an HTTP/1.0 client, or one that expects something else, gets no interim response")
    func noInterim() async throws {
        let server = try await LiveServer()
        let old = try await Client(server).ask(
            "POST /auth/send-magic-link HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}")
        expectRefusal(old, 415, "unsupported_media_type")
        let other = try await Client(server).ask(signInRequest("{}", "Expect: 200-ok"))
        expectRefusal(other, 400, "validation_error", closes: false)
    }
}
