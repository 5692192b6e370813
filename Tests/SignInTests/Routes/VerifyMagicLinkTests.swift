import Cryptography
import Redis
import SignIn
import Testing
import TestSupport
import Web

@Suite
struct VerifyMagicLinkTests {
    /// The one answer to all tokens that let nobody in.
    private static let refusal = #"""
        {"error":"This link is invalid, expired or already used: request a new one","code":"token_invalid"}
        """#

    private func limits(_ verification: String) throws -> SignInLimits {
        SignInLimits(
            client: nil, recipient: nil, deployment: nil, verification: try RateLimit(parsing: verification))
    }

    @Test("who brings it first is told who signed in, and nobody is after that")
    func once() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let token = try await harness.mailed("Ada.O'Hara+x@EXAMPLE.com").token
        let response = await harness.respond(to: .verify(token))
        #expect(response.status == .ok)
        #expect(response.text == #"{"ok":true,"email":"ada.o'hara+x@example.com"}"#)
        #expect(response.fields[.contentType] == "application/json")
        #expect(response.fields[.cacheControl] == "no-store")
        #expect(response.fields[.rateLimit] == nil)
        for _ in 0..<3 {
            let again = await harness.respond(to: .verify(token))
            #expect(again.text == VerifyMagicLinkTests.refusal)
        }
    }

    @Test("the path to go on to comes back as it was given")
    func next() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let paths = [
            "/", "/invoices/2024?sort=due#total", "/a%20b?c=%26", "/a b", "/q\"'<b>&", "/caf\u{E9}/\u{1F600}",
        ]
        for path in paths {
            let token = try await harness.mailed("ada@example.com", #","callback_next":\#(quoted(path))"#).token
            let response = await harness.respond(to: .verify(token))
            let next = try #require(response.member("callback_next") as? String)
            #expect(Array(next.utf8) == Array(path.utf8))
        }
    }

    @Test("of many who bring one token at once, one is let in")
    func concurrently() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let token = try await harness.mailed().token
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

    // MARK: - Tokens that let nobody in

    /// Tokens that let nobody in, each for another reason, and the requests that bring them.
    private func useless(_ harness: SignInHarness, hasLanding: Bool) async throws -> [(what: String, request: Request)]
    {
        var requests: [(what: String, request: Request)] = []
        let unknown = try LoginToken(random: .system).text
        requests.append(("unknown", .verify(unknown)))
        let used = try await harness.mailed("used@example.com").token
        #expect(await harness.respond(to: .verify(used)).status == .ok)
        requests.append(("used", .verify(used)))
        let expired = try await harness.mailed("expired@example.com").token
        if hasLanding { try await harness.expire(expired) } else { try await harness.forget(expired) }
        requests.append(("expired", .verify(expired)))
        let ended = try await harness.mailed("ended@example.com").token
        _ = try await harness.mailed("ended@example.com")
        requests.append(("ended", .verify(ended)))
        let bound = try await harness.mailed("bound@example.com", SampleChallenge.member).token
        requests.append(("without a verifier", .verify(bound)))
        requests.append(("with another verifier", .verify(bound, verifier: String(repeating: "a", count: 43))))
        requests.append(("with the challenge itself", .verify(bound, verifier: SampleChallenge.challenge)))
        let free = try await harness.mailed("free@example.com").token
        requests.append(("with a verifier too many", .verify(free, verifier: SampleChallenge.verifier)))
        let code = try await harness.asked("code@example.com")
        requests.append(("the name of a request", .verify(code.handle)))
        return requests
    }

    @Test("all that let nobody in are answered alike, to the byte", arguments: [false, true])
    func alike(hasLanding: Bool) async throws {
        let server = try await RedisServer()
        let landing = try hasLanding ? PublicURL(parsing: "https://door.example") : nil
        let harness = try await SignInHarness(server, limits: limits("1000/1d"), publicURL: landing)
        let live = try await harness.mailed("live@example.com").token
        var requests = try await useless(harness, hasLanding: hasLanding)
        for text in lookalikes(of: live) { requests.append((String(text.prefix(60)), .verify(text))) }
        let key = try SignInHarness.key(of: live)
        requests.append(("the key in Redis", .verify(key)))
        requests.append(("the digest", .verify(String(key.suffix(64)))))

        var answers: [(what: String, response: Response)] = []
        for (what, request) in requests {
            var named = request
            named.fields.append("X-Request-Id", "one")
            answers.append((what, await harness.respond(to: named)))
        }
        expectAlike(answers, body: VerifyMagicLinkTests.refusal)
        // None of them has used up the one that they are like.
        #expect(await harness.respond(to: .verify(live)).status == .ok)
    }

    @Test("a link that is bound to a challenge is opened by who has the verifier, also after others have tried")
    func challenge() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let token = try await harness.mailed("ada@example.com", SampleChallenge.member).token
        for verifier in [nil, String(repeating: "a", count: 43), "\(SampleChallenge.verifier)~"] {
            let refused = await harness.respond(to: .verify(token, verifier: verifier))
            #expect(refused.text == VerifyMagicLinkTests.refusal)
        }
        let response = await harness.respond(to: .verify(token, verifier: SampleChallenge.verifier))
        #expect(response.text == #"{"ok":true,"email":"ada@example.com"}"#)
        let again = await harness.respond(to: .verify(token, verifier: SampleChallenge.verifier))
        #expect(again.text == VerifyMagicLinkTests.refusal)
    }

    // MARK: - Limits and faults

    @Test("who brings tokens too often is told 429, which an allowed site's script may read, and uses none up")
    func limited() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, limits: limits("2/1d"))
        let token = try await harness.mailed().token
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
        // Asking for links has a limit of its own, and so has another client.
        #expect(await harness.respond(to: .signIn(#"{"email":"grace@example.com"}"#)).status == .ok)
        let response = await harness.respond(to: .verify(token, peer: "192.0.2.2"))
        #expect(response.text == #"{"ok":true,"email":"ada@example.com"}"#)
    }

    @Test("without Redis no token is judged, whatever it is like")
    func away() async throws {
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

    @Test("a fault is owned up to without a detail")
    func fault() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let token = try LoginToken(random: .system).text
        let key = try SignInHarness.key(of: token)
        let commands = [
            // A value of another type, and an entry whose record was not sealed for this token.
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
