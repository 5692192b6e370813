import Cryptography
import Redis
import SignIn
import TestSupport
import Testing
import Web

@Suite
struct VerifyMagicLinkTests {
    /// The response to every token that is refused.
    private static let refusal = #"""
        {"error":"This link is invalid, expired or already used: request a new one","code":"token_invalid"}
        """#

    private func limits(_ verification: String) throws -> SignInLimits {
        SignInLimits(
            client: nil, recipient: nil, deployment: nil, verification: try RateLimit(parsing: verification))
    }

    @Test("the first request with a token gets the email address, and later ones are refused")
    func once() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let token = try await harness.requestLink("Ada.O'Hara+x@EXAMPLE.com").token
        let response = await harness.respond(to: .verify(token))
        #expect(response.status == .ok)
        #expect(
            response.text
                == #"{"ok":true,"email":"ada.o'hara+x@example.com","callback_origin":"https://portal.example"}"#)
        #expect(response.fields[.contentType] == "application/json")
        #expect(response.fields[.cacheControl] == "no-store")
        #expect(response.fields[.rateLimit] == nil)
        for _ in 0..<3 {
            let again = await harness.respond(to: .verify(token))
            #expect(again.text == VerifyMagicLinkTests.refusal)
        }
    }

    @Test("the path in the portal is returned as a URI reference")
    func next() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let paths = [
            ("/", "/"), ("/invoices/2024?sort=due#total", "/invoices/2024?sort=due#total"),
            ("/a%20b?c=%26", "/a%20b?c=%26"), ("/a b", "/a%20b"), ("/q\"'<b>&", "/q%22'%3Cb%3E&"),
            ("/caf\u{E9}/\u{1F600}", "/caf%C3%A9/%F0%9F%98%80"),
        ]
        for (path, expected) in paths {
            let token = try await harness.requestLink("ada@example.com", #","callback_next":\#(quoted(path))"#).token
            let response = await harness.respond(to: .verify(token))
            let next = try #require(response.member("callback_next") as? String)
            #expect(Array(next.utf8) == Array(expected.utf8))
        }
    }

    @Test("of many concurrent requests with one token, one signs in")
    func concurrently() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let token = try await harness.requestLink().token
        let statuses = await withTaskGroup(of: Status.self, returning: [Status].self) { group in
            for _ in 0..<40 {
                group.addTask { await harness.respond(to: .verify(token)).status }
            }
            var statuses: [Status] = []
            for await status in group { statuses.append(status) }
            return statuses
        }
        #expect(statuses.count { $0 == .ok } == 1)
        #expect(statuses.count { $0 == .badRequest } == 39)
    }

    // MARK: - Refusals

    /// Requests that must be refused, each for another reason.
    private func refusedRequests(_ harness: SignInHarness, hasConfirmationPage: Bool) async throws -> [(
        name: String, request: Request
    )] {
        var requests: [(name: String, request: Request)] = []
        let unknown = try LoginToken(random: .system).text
        requests.append(("unknown", .verify(unknown)))
        let used = try await harness.requestLink("used@example.com").token
        #expect(await harness.respond(to: .verify(used)).status == .ok)
        requests.append(("used", .verify(used)))
        let expired = try await harness.requestLink("expired@example.com").token
        if hasConfirmationPage { try await harness.expire(expired) } else { try await harness.forget(expired) }
        requests.append(("expired", .verify(expired)))
        let superseded = try await harness.requestLink("superseded@example.com", SampleChallenge.member).token
        _ = try await harness.requestLink("superseded@example.com", SampleChallenge.member)
        requests.append(("superseded", .verify(superseded, verifier: SampleChallenge.verifier)))
        let bound = try await harness.requestLink("bound@example.com", SampleChallenge.member).token
        requests.append(("without a verifier", .verify(bound)))
        requests.append(("with another verifier", .verify(bound, verifier: String(repeating: "a", count: 43))))
        requests.append(("with the challenge itself", .verify(bound, verifier: SampleChallenge.challenge)))
        let free = try await harness.requestLink("free@example.com").token
        requests.append(("with an unexpected verifier", .verify(free, verifier: SampleChallenge.verifier)))
        let code = try await harness.requestCode("code@example.com")
        requests.append(("a code handle", .verify(code.handle)))
        return requests
    }

    @Test("all refusals are the same, to the byte", arguments: [false, true])
    func identical(hasConfirmationPage: Bool) async throws {
        let server = try await RedisServer()
        let publicURL = try hasConfirmationPage ? PublicURL(parsing: "https://auth.example") : nil
        let harness = try await SignInHarness(server, limits: limits("1000/1d"), publicURL: publicURL)
        let live = try await harness.requestLink("live@example.com").token
        var requests = try await refusedRequests(harness, hasConfirmationPage: hasConfirmationPage)
        for text in lookalikes(of: live) { requests.append((String(text.prefix(60)), .verify(text))) }
        let key = try SignInHarness.key(of: live)
        requests.append(("the key in Redis", .verify(key)))
        requests.append(("the digest", .verify(String(key.suffix(64)))))

        var answers: [(name: String, response: Response)] = []
        for (name, request) in requests {
            var named = request
            named.fields.append("X-Request-Id", "one")
            answers.append((name, await harness.respond(to: named)))
        }
        expectIdentical(answers, body: VerifyMagicLinkTests.refusal)
        // None of them has used up the token that they resemble.
        #expect(await harness.respond(to: .verify(live)).status == .ok)
    }

    @Test("a link with a challenge works only with its verifier, even after wrong ones")
    func challenge() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let token = try await harness.requestLink("ada@example.com", SampleChallenge.member).token
        for verifier in [nil, String(repeating: "a", count: 43), "\(SampleChallenge.verifier)~"] {
            let refused = await harness.respond(to: .verify(token, verifier: verifier))
            #expect(refused.text == VerifyMagicLinkTests.refusal)
        }
        let response = await harness.respond(to: .verify(token, verifier: SampleChallenge.verifier))
        #expect(response.text == #"{"ok":true,"email":"ada@example.com","callback_origin":"https://portal.example"}"#)
        let again = await harness.respond(to: .verify(token, verifier: SampleChallenge.verifier))
        #expect(again.text == VerifyMagicLinkTests.refusal)
    }

    // MARK: - Limits and faults

    @Test("a client beyond its limit gets 429, which pages of an allowed origin may read, and uses no token up")
    func limited() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, limits: limits("2/1d"))
        let token = try await harness.requestLink().token
        for left in [1, 0] {
            let response = await harness.respond(to: .verify("x"))
            #expect(response.status == .badRequest)
            #expect(response.fields[.rateLimitPolicy] == #""ip";q=2;w=86400"#)
            #expect(response.fields[.rateLimit]?.hasPrefix(#""ip";r=\#(left);t="#) == true)
        }
        for text in [token, "x", ""] {
            let response = await harness.respond(to: .verify(text, origin: "https://portal.example"))
            #expect(response.status == .tooManyRequests)
            #expect(response.code == "rate_limited")
            let wait = try #require(response.member("retryAfter") as? Int)
            #expect((1...43_200).contains(wait))
            #expect(response.fields[.retryAfter] == "\(wait)")
            #expect(response.fields[.rateLimitPolicy] == #""ip";q=2;w=86400"#)
            #expect(response.fields[.rateLimit]?.hasPrefix(#""ip";r=0;t="#) == true)
            #expect(response.fields[.accessControlAllowOrigin] == "https://portal.example")
            #expect(response.fields[.accessControlExposeHeaders]?.contains("Retry-After") == true)
        }
        // Sign-in requests have a limit of their own, and so do other clients.
        #expect(await harness.respond(to: .signIn(#"{"email":"grace@example.com"}"#)).status == .ok)
        let response = await harness.respond(to: .verify(token, peer: "192.0.2.2"))
        #expect(response.text == #"{"ok":true,"email":"ada@example.com","callback_origin":"https://portal.example"}"#)
    }

    @Test("without Redis a token gets 503, whatever it looks like")
    func unreachable() async throws {
        let harness = try await SignInHarness()
        let token = try LoginToken(random: .system).text
        for text in [token, "", "x"] {
            let response = await harness.respond(to: .verify(text, origin: "https://portal.example"))
            #expect(response.status == .serviceUnavailable)
            #expect(response.code == "service_unavailable")
            #expect(response.fields[.retryAfter] == "1")
            #expect(response.fields[.accessControlAllowOrigin] == "https://portal.example")
        }
    }

    @Test("an internal error is reported without details")
    func fault() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let token = try LoginToken(random: .system).text
        let key = try SignInHarness.key(of: token)
        let commands = [
            // A value of another type, and one in the form of an earlier version.
            RedisCommand("LPUSH", key, "secret words"),
            RedisCommand("SET", key, "live 0 - 00 -\nsecret words", "PX", "60000"),
        ]
        for command in commands {
            _ = try await harness.redis.send(RedisCommand("DEL", key))
            _ = try await harness.redis.send(command)
            let response = await harness.respond(to: .verify(token))
            #expect(response.status == .internalServerError)
            #expect(response.text == #"{"error":"Something went wrong on our side","code":"internal_error"}"#)
        }
    }
}
