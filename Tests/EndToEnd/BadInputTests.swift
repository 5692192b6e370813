import Foundation
import Testing
import TestSupport

@Suite
struct BadInputTests {
    /// Invalid bodies, and the code of each refusal.
    private static let bodies: [(String, String)] = {
        let fields = ["email", "callback_origin", "callback_next"]
        let values = ["null", "true", "7", "1e999", "[]", "{}", #"["https://example.com"]"#]
        var bodies = fields.flatMap { field in
            values.map { value in
                (
                    field == "email" ? #"{"email":\#(value)}"# : #"{"email":"a@b.co","\#(field)":\#(value)}"#,
                    "validation_error"
                )
            }
        }
        for text in [#"\u0000"#, #"\r\n"#, #"a\r\nBcc: b@c.de"#, #"\u0000/x"#, ""] {
            bodies.append((#"{"email":"a\#(text)@b.co","callback_origin":"\#(text)x"}"#, "validation_error"))
            bodies.append((#"{"email":"a@b.co","callback_origin":"\#(text)"}"#, "validation_error"))
            bodies.append((#"{"email":"a@b.co","callback_next":"\#(text)"}"#, "validation_error"))
            bodies.append((#"{"email":"a@b.co","callback_next":"/\#(text)\r\n"}"#, "validation_error"))
        }
        bodies += [
            ("", "invalid_json"), ("{", "invalid_json"), ("nul", "invalid_json"),
            ("{\"email\":\"a@b.co\"}x", "invalid_json"),
            ("{\"email\":\"a\0@b.co\"}", "invalid_json"), ("{\"email\":\"a\r\n@b.co\"}", "invalid_json"),
            (String(repeating: "[", count: 8000) + String(repeating: "]", count: 8000), "invalid_json"),
            (String(repeating: "{\"a\":", count: 2000), "invalid_json"), ("[]", "validation_error"),
            ("\"email\"", "validation_error"), ("null", "validation_error"), ("7", "validation_error"),
            (#"{"email":"a@b.co","callback_origin":"https://evil.example"}"#, "origin_not_allowed"),
        ]
        return bodies
    }()

    @Test("each invalid body gets a 400 in the documented shape; the handler neither ends nor grows")
    func eachBody() async throws {
        let redis = try await RedisServer()
        let handler = try await Handler(redis: redis.address)
        for (body, code) in BadInputTests.bodies {
            let response = try handler.signIn(body)
            #expect(response.status == 400, "\(body.prefix(80))")
            #expect(response.json["code"] as? String == code, "\(body.prefix(80))")
            #expect((response.json["error"] as? String)?.isEmpty == false)
        }
        let before = try handler.process.residentKilobytes()
        for _ in 0..<30 {
            for (body, _) in BadInputTests.bodies { _ = try handler.signIn(body) }
        }
        #expect(try handler.process.residentKilobytes() < before + 2048)
        #expect(try redis.command("DBSIZE") == "0")
        #expect(try handler.signIn().status == 200)
    }

    @Test("a valid body that is cut off at any length is refused")
    func truncated() async throws {
        let redis = try await RedisServer()
        let handler = try await Handler(redis: redis.address)
        let body = #"{"email":"ada@example.com","callback_origin":"https://example.com","callback_next":"/a?b=c"}"#
        for length in 0..<body.count {
            #expect(try handler.signIn(String(body.prefix(length))).json["code"] as? String == "invalid_json")
        }
    }

    @Test("a body that is not UTF-8 is refused, and the error says so")
    func notUTF8() async throws {
        let redis = try await RedisServer()
        let handler = try await Handler(redis: redis.address)
        let connection = try RawHTTP(port: handler.port)
        let body = Array(#"{"email":""#.utf8) + [0xC3, 0x28] + Array(#"@b.co"}"#.utf8)
        let head = "POST /auth/send-magic-link HTTP/1.1\r\nHost: postern\r\nContent-Type: application/json\r\n"
        try connection.send(bytes: Array("\(head)Content-Length: \(body.count)\r\n\r\n".utf8) + body)
        let response = try connection.readResponse()
        #expect(response.status == 400)
        #expect(response.json["error"] as? String == "The body is not UTF-8 text")
    }

    @Test("bodies of 10 MB, with and without a length, are refused repeatedly without being read")
    func large() async throws {
        let redis = try await RedisServer()
        let handler = try await Handler(redis: redis.address)
        let chunk = "4000\r\n" + String(repeating: "x", count: 0x4000) + "\r\n"
        var before = 0
        for round in 0..<20 {
            for isChunked in [false, true] {
                let connection = try RawHTTP(port: handler.port)
                let length = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: 10485760"
                try connection.send(
                    "POST /auth/send-magic-link HTTP/1.1\r\nHost: postern\r\nContent-Type: application/json\r\n\(length)\r\n\r\n"
                )
                // The handler may close the connection before everything is sent.
                for _ in 0..<640 where (try? connection.send(isChunked ? chunk : String(chunk.dropFirst(6)))) == nil {
                    break
                }
                let response = try connection.readResponse()
                #expect(response.status == 413)
                #expect(response.json["code"] as? String == "payload_too_large")
            }
            if round == 4 { before = try handler.process.residentKilobytes() }
        }
        #expect(try handler.process.residentKilobytes() < before + 2048)
        #expect(try handler.signIn().status == 200)
    }
}
