import Cryptography
import MailQueue
import Redis
import SignIn
import TestSupport
import Testing
import Web

@Suite
struct CodeRequestTests {
    private static let rule = "Must be a SHA-256 digest in base64url: 43 characters (RFC 7636, section 4.2)"

    private static func mismatch(_ name: String, _ json: String, _ expected: String, _ received: String) -> OneIssue {
        OneIssue(name, value: json, "invalid_type", "Invalid input: expected \(expected), received \(received)")
    }

    private static func challenge(_ text: String) -> OneIssue {
        OneIssue("code_challenge", value: #""\#(text)""#, "custom", rule)
    }

    private static func method(_ text: String) -> OneIssue {
        OneIssue("code_challenge_method", value: #""\#(text)""#, "custom", "Must be S256")
    }

    private static let issues: [OneIssue] = [
        mismatch("code", #""true""#, "boolean", "string"), mismatch("code", "null", "boolean", "null"),
        mismatch("code", "1", "boolean", "number"), mismatch("code", "0", "boolean", "number"),
        mismatch("code", "[true]", "boolean", "array"), mismatch("code", "{}", "boolean", "object"),
        mismatch("code", #""123456""#, "boolean", "string"),
        mismatch("code_challenge", "null", "string", "null"), mismatch("code_challenge", "7", "string", "number"),
        mismatch("code_challenge", "[]", "string", "array"), mismatch("code_challenge", "true", "string", "boolean"),
        challenge(""), challenge("x"), challenge(String(SampleChallenge.challenge.dropLast())),
        challenge("\(SampleChallenge.challenge)="), challenge("\(SampleChallenge.challenge)A"),
        challenge("\(SampleChallenge.challenge.dropLast())="), challenge("\(SampleChallenge.challenge.dropLast())+"),
        challenge("\(SampleChallenge.challenge.dropLast())/"), challenge("\(SampleChallenge.challenge.dropLast()) "),
        challenge(" \(SampleChallenge.challenge.dropLast())"), challenge("\(SampleChallenge.challenge.dropLast())."),
        challenge("\(SampleChallenge.challenge.dropLast())~"), challenge("\(SampleChallenge.challenge.dropLast(2))é"),
        challenge("\(SampleChallenge.challenge)\\n"), challenge(String(repeating: "=", count: 43)),
        challenge(String(repeating: "é", count: 43)), challenge(String(repeating: "A", count: 8000)),
        // The SHA-256 of nothing in hexadecimal.
        challenge("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        method("plain"), method("s256"), method("S256 "), method(""), method("S512"), method("S256,plain"),
        mismatch("code_challenge_method", "null", "string", "null"),
        mismatch("code_challenge_method", "256", "string", "number"),
        mismatch("code_challenge_method", #"["S256"]"#, "string", "array"),
    ]

    @Test("an invalid body is refused, with the rule and the path", arguments: CodeRequestTests.issues)
    func issue(testCase: OneIssue) async throws {
        let harness = try await SignInHarness()
        let response = await harness.respond(to: .signIn(testCase.body))
        #expect(response.status == .badRequest)
        #expect(response.text == testCase.answer)
    }

    @Test("the method plain is refused, whatever the challenge is")
    func plain() async throws {
        let harness = try await SignInHarness()
        let body =
            #"{"email":"ada@example.com","code_challenge":"\#(SampleChallenge.verifier)","#
            + #""code_challenge_method":"plain"}"#
        let response = await harness.respond(to: .signIn(body))
        #expect(response.text == OneIssue("", "code_challenge_method", "custom", "Must be S256").answer)
    }

    @Test("a method without a challenge is refused, because a misspelled challenge would leave the link unbound")
    func methodAlone() async throws {
        let harness = try await SignInHarness()
        let body = #"{"email":"ada@example.com","codechallenge":"x","code_challenge_method":"S256"}"#
        let response = await harness.respond(to: .signIn(body))
        let rule = "Required with code_challenge_method"
        #expect(response.text == OneIssue("", "code_challenge", "custom", rule).answer)
    }

    @Test("the response to a request for a code has the code handle, and only the email has the code")
    func code() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let response = await harness.respond(to: .signIn(#"{"email":"ada@example.com","code":true}"#))
        let handle = try #require(response.member("request_id") as? String)
        #expect(response.status == .ok)
        #expect(response.text == #"{"ok":true,"request_id":"\#(handle)"}"#)
        #expect(response.fields[.contentType] == "application/json")

        let jobs = try await harness.jobs()
        let job = try #require(jobs.last)
        let code = try #require(job.code)
        #expect(code.utf8.count == 6)
        #expect(job.token != handle)
        #expect(!job.link.contains(handle))
        #expect(!job.link.contains(code))
        // Handle and token name the same place, and differ in their secrets.
        #expect(try SignInHarness.key(of: handle) == SignInHarness.key(of: job.token))
        #expect(handle != job.token)
    }

    @Test(
        "without a request for a code there is neither handle nor code",
        arguments: ["", #","code":false"#, SampleChallenge.member, #","request_id":true,"codes":true"#])
    func noCode(members: String) async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let response = await harness.respond(to: .signIn(#"{"email":"ada@example.com"\#(members)}"#))
        #expect(response.text == #"{"ok":true}"#)
        let jobs = try await harness.jobs()
        #expect(jobs.count == 1)
        #expect(jobs.allSatisfy { $0.code == nil })
    }

    @Test("neither code nor handle can be read in Redis")
    func secrecy() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let requested = try await harness.requestCode()
        for key in try await harness.keys(startingWith: "") {
            #expect(!key.contains(requested.handle))
            #expect(!key.contains(requested.token))
        }
        let key = try SignInHarness.key(of: requested.token)
        guard case .bulk(let links) = try await harness.redis.send(RedisCommand("GET", key)) else {
            throw NotAsExpected()
        }
        for secret in [requested.handle, requested.token] {
            #expect(links.firstRange(of: Array(secret.utf8)) == nil)
            // Nor their second halves, which are the secret ones, as bytes.
            let bytes = try #require(Secret(base64URL: secret)).withUnsafeBytes { Array($0) }
            #expect(links.firstRange(of: bytes[16...]) == nil)
        }
    }

    @Test("responses differ only in the code handle")
    func sameAnswer() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        var handles: Set<String> = []
        var fields: Set<[String]> = []
        for address in ["known@example.com", "known@example.com", "stranger@elsewhere.example"] {
            let body = #"{"email":"\#(address)","code":true}"#
            let response = await harness.respond(to: .signIn(body, more: [("X-Request-Id", "one")]))
            let handle = try #require(response.member("request_id") as? String)
            #expect(handle.utf8.count == 43)
            #expect(response.text == #"{"ok":true,"request_id":"\#(handle)"}"#)
            handles.insert(handle)
            fields.insert(response.fields.lines.map { "\($0.name.rawValue): \($0.value)" })
        }
        #expect(handles.count == 3)
        #expect(fields.count == 1)
    }

    @Test("the response to a limited request has no code handle")
    func limited() async throws {
        let server = try await RedisServer()
        let limits = SignInLimits(
            client: nil, recipient: try RateLimit(parsing: "1/1d"), deployment: nil)
        let harness = try await SignInHarness(server, limits: limits)
        _ = try await harness.requestCode()
        let before = try await harness.contents()
        let response = await harness.respond(to: .signIn(#"{"email":"ada@example.com","code":true}"#))
        #expect(response.status == .tooManyRequests)
        #expect(response.member("request_id") == nil)
        #expect(try await harness.contents() == before)
    }

    @Test("without random bytes there is neither link nor code, and the error has no details", arguments: [4, 16])
    func noRandomness(count: Int) async throws {
        let server = try await RedisServer()
        // A code is made of 4 random bytes; tokens and code handles have 16 each.
        let random = RandomBytes { (buffer: UnsafeMutableRawBufferPointer) throws(CryptoError) -> Void in
            if buffer.count == count { throw CryptoError.noRandomness }
            try RandomBytes.system.fill(buffer)
        }
        let harness = try await SignInHarness(server, random: random)
        let response = await harness.respond(to: .signIn(#"{"email":"ada@example.com","code":true}"#))
        #expect(response.status == .internalServerError)
        #expect(response.text == #"{"error":"Something went wrong on our side","code":"internal_error"}"#)
        #expect(try await harness.keyCount() == 0)
    }
}
