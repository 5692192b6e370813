import Cryptography
import Redis
import SignIn
import Testing
import TestSupport
import Web

@Suite
struct VerifyCodeTests {
    /// The one answer to all that lets nobody in.
    private static let refusal = #"""
        {"error":"That code didn't work: check it, or open the link in the email instead",\#
        "code":"code_invalid"}
        """#

    private func limits(_ code: String) throws -> SignInLimits {
        SignInLimits(
            client: nil, recipient: nil, deployment: nil, code: try RateLimit(parsing: code))
    }

    /// Brings wrong codes, each of which must be refused.
    private func guess(_ count: Int, _ asked: AskedCode, _ harness: SignInHarness) async {
        for _ in 0..<count {
            let response = await harness.respond(to: .verify(code: asked.wrongCode, of: asked.handle))
            #expect(response.text == VerifyCodeTests.refusal)
        }
    }

    @Test("code and request together sign in once, and end the link", arguments: [false, true])
    func once(hasLanding: Bool) async throws {
        let server = try await RedisServer()
        let landing = try hasLanding ? PublicURL(parsing: "https://door.example") : nil
        let harness = try await SignInHarness(server, publicURL: landing)
        let asked = try await harness.asked("Ada@example.com", #","callback_next":"/invoices?a=b""#)
        let response = await harness.respond(to: .verify(code: asked.code, of: asked.handle))
        #expect(response.status == .ok)
        #expect(response.text == #"{"ok":true,"email":"ada@example.com","callback_next":"/invoices?a=b"}"#)
        #expect(response.fields[.contentType] == "application/json")
        let again = await harness.respond(to: .verify(code: asked.code, of: asked.handle))
        #expect(again.text == VerifyCodeTests.refusal)
        #expect(await harness.respond(to: .verify(asked.token)).code == "token_invalid")
    }

    @Test("a code's assertion is the same as the link's would be")
    func assertion() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, issuer: .sample())
        let asked = try await harness.asked()
        let response = await harness.respond(to: .verify(code: asked.code, of: asked.handle))
        let read = try ReadAssertion(response)
        #expect(read.claims["sub"] as? String == "ada@example.com")
        #expect(read.claims["aud"] as? String == "https://portal.example")
        // The first half of the digest of the mailed token.
        let digest = Digest.sha256.hex(of: Array(asked.token.utf8))
        #expect(read.claims["jti"] as? String == String(digest.prefix(32)))
        #expect(try read.isSigned(by: AssertionIssuer.sampleKey))
    }

    @Test("of many who bring one code at once, one is let in")
    func concurrently() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let asked = try await harness.asked()
        let statuses = await withTaskGroup(of: Status.self, returning: [Status].self) { group in
            for _ in 0..<40 {
                group.addTask { await harness.respond(to: .verify(code: asked.code, of: asked.handle)).status }
            }
            var statuses: [Status] = []
            for await status in group { statuses.append(status) }
            return statuses
        }
        #expect(statuses.count { $0 == .ok } == 1)
        #expect(statuses.count { $0 == .badRequest } == 39)
    }

    @Test("a code keeps the zeros that it starts with")
    func leadingZeros() async throws {
        let server = try await RedisServer()
        let random = RandomBytes { (buffer: UnsafeMutableRawBufferPointer) throws(CryptoError) -> Void in
            try RandomBytes.system.fill(buffer)
            // Four bytes are what a code is made of.
            if buffer.count == 4 { buffer.storeBytes(of: 42, as: UInt32.self) }
        }
        let harness = try await SignInHarness(server, random: random)
        let asked = try await harness.asked()
        #expect(asked.code == "000042")
        #expect(await harness.respond(to: .verify(code: "42", of: asked.handle)).code == "validation_error")
        #expect(await harness.respond(to: .verify(code: "420000", of: asked.handle)).code == "code_invalid")
        #expect(await harness.respond(to: .verify(code: "000042", of: asked.handle)).status == .ok)
    }

    // MARK: - What lets nobody in

    /// What lets nobody in, each for another reason, and the requests that bring it.
    private func useless(_ harness: SignInHarness, hasLanding: Bool) async throws -> [(what: String, request: Request)]
    {
        var requests: [(what: String, request: Request)] = []
        let guessed = try await harness.asked("guessed@example.com")
        requests.append(("a wrong code", .verify(code: guessed.wrongCode, of: guessed.handle)))
        let unknown = try LoginToken(random: .system).text
        requests.append(("an unknown request", .verify(code: "123456", of: unknown)))
        let used = try await harness.asked("used@example.com")
        #expect(await harness.respond(to: .verify(code: used.code, of: used.handle)).status == .ok)
        requests.append(("a used code", .verify(code: used.code, of: used.handle)))
        let linked = try await harness.asked("linked@example.com")
        #expect(await harness.respond(to: .verify(linked.token)).status == .ok)
        requests.append(("a code whose link was used", .verify(code: linked.code, of: linked.handle)))
        let expired = try await harness.asked("expired@example.com")
        if hasLanding { try await harness.expire(expired.token) } else { try await harness.forget(expired.token) }
        requests.append(("an expired code", .verify(code: expired.code, of: expired.handle)))
        let ended = try await harness.asked("ended@example.com")
        _ = try await harness.mailed("ended@example.com")
        requests.append(("a code before a newer link", .verify(code: ended.code, of: ended.handle)))
        let tried = try await harness.asked("tried@example.com")
        await guess(5, tried, harness)
        requests.append(("a code after five wrong ones", .verify(code: tried.code, of: tried.handle)))
        let bound = try await harness.asked("bound@example.com", SampleChallenge.member)
        requests.append(("without a verifier", .verify(code: bound.code, of: bound.handle)))
        let other = String(repeating: "a", count: 43)
        requests.append(("another verifier", .verify(code: bound.code, of: bound.handle, verifier: other)))
        let free = try await harness.asked("free@example.com")
        let verifier = SampleChallenge.verifier
        requests.append(("a verifier too many", .verify(code: free.code, of: free.handle, verifier: verifier)))
        requests.append(("the link's token for a request", .verify(code: free.code, of: free.token)))
        return requests
    }

    @Test("all that lets nobody in is answered alike, to the byte", arguments: [false, true])
    func alike(hasLanding: Bool) async throws {
        let server = try await RedisServer()
        let landing = try hasLanding ? PublicURL(parsing: "https://door.example") : nil
        let harness = try await SignInHarness(server, limits: limits("1000/1d"), publicURL: landing)
        let live = try await harness.asked("live@example.com")
        var requests = try await useless(harness, hasLanding: hasLanding)
        for text in lookalikes(of: live.handle) {
            requests.append((String(text.prefix(60)), .verify(code: live.code, of: text)))
        }

        var answers: [(what: String, response: Response)] = []
        for (what, request) in requests {
            var named = request
            named.fields.append("X-Request-Id", "one")
            answers.append((what, await harness.respond(to: named)))
        }
        expectAlike(answers, body: VerifyCodeTests.refusal)
        #expect(await harness.respond(to: .verify(code: live.code, of: live.handle)).status == .ok)
    }

    @Test("what names a request is no token of a link")
    func notInterchangeable() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, publicURL: PublicURL(parsing: "https://door.example"))
        let asked = try await harness.asked()
        #expect(await harness.respond(to: .verify(asked.handle)).code == "token_invalid")
        #expect(await harness.respond(to: .look(asked.handle)).status == .gone)
        #expect(await harness.respond(to: .press(asked.handle)).status == .gone)
        #expect(await harness.respond(to: .verify(code: asked.code, of: asked.handle)).status == .ok)
    }

    @Test("a code that is bound to a challenge is taken from who has the verifier")
    func challenge() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let asked = try await harness.asked("ada@example.com", SampleChallenge.member)
        let refused = await harness.respond(to: .verify(code: asked.code, of: asked.handle))
        #expect(refused.text == VerifyCodeTests.refusal)
        let response = await harness.respond(
            to: .verify(code: asked.code, of: asked.handle, verifier: SampleChallenge.verifier))
        #expect(response.status == .ok)
    }

    // MARK: - Guessing

    @Test("after four wrong codes the right one still counts, and what is no code is no try")
    func fourTries() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let asked = try await harness.asked()
        await guess(4, asked, harness)
        for text in ["12345", "", "1234567", "abcdef"] {
            let response = await harness.respond(to: .verify(code: text, of: asked.handle))
            #expect(response.code == "validation_error")
        }
        #expect(await harness.respond(to: .verify(code: asked.code, of: asked.handle)).status == .ok)
    }

    @Test("five wrong codes are too many, however many mails and portals they are spread over")
    func fiveTries() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let first = try await harness.asked()
        await guess(2, first, harness)
        let second = try await harness.asked()
        await guess(2, second, harness)
        let elsewhere = try await harness.asked(origin: "https://body.example")
        await guess(1, elsewhere, harness)
        let third = try await harness.asked()
        for asked in [first, second, elsewhere, third] {
            let response = await harness.respond(to: .verify(code: asked.code, of: asked.handle))
            #expect(response.text == VerifyCodeTests.refusal)
        }
        // Another address is not kept out by that.
        let other = try await harness.asked("grace@example.com")
        #expect(await harness.respond(to: .verify(code: other.code, of: other.handle)).status == .ok)
        // The link still signs in, and that makes up for the wrong codes.
        #expect(await harness.respond(to: .verify(third.token)).status == .ok)
        let fourth = try await harness.asked()
        #expect(await harness.respond(to: .verify(code: fourth.code, of: fourth.handle)).status == .ok)
    }

    // MARK: - Limits and faults

    @Test("who tries too many codes is told 429, and a limited try is none")
    func limited() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, limits: limits("2/1d"))
        let asked = try await harness.asked()
        await guess(2, asked, harness)
        for code in Array(repeating: asked.wrongCode, count: 10) + [asked.code] {
            let request = Request.verify(code: code, of: asked.handle, origin: "https://portal.example")
            let response = await harness.respond(to: request)
            #expect(response.status == .tooManyRequests)
            let wait = try #require(response.member("retryAfter") as? Int)
            #expect((1...43_200).contains(wait))
            #expect(response.fields[.retryAfter] == "\(wait)")
            #expect(response.fields[.rateLimitPolicy] == #""ip";q=2;w=86400"#)
            #expect(response.fields[.accessControlAllowOrigin] == "https://portal.example")
            #expect(response.fields[.accessControlExposeHeaders]?.contains("Retry-After") == true)
        }
        let response = await harness.respond(to: .verify(code: asked.code, of: asked.handle, peer: "192.0.2.2"))
        #expect(response.status == .ok)
        #expect(response.fields[.rateLimit]?.hasPrefix(#""ip";r=1;t="#) == true)
    }

    @Test("without Redis no code is judged, whatever names the request")
    func away() async throws {
        let harness = try await SignInHarness()
        let handle = try LoginToken(random: .system).text
        for text in [handle, "", "x"] {
            let response = await harness.respond(to: .verify(code: "123456", of: text))
            #expect(response.status == .serviceUnavailable)
            #expect(response.code == "service_unavailable")
            #expect(response.fields[.retryAfter] == "1")
        }
    }

    @Test("a fault is owned up to without a detail")
    func fault() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let handle = try LoginToken(random: .system)
        _ = try await harness.redis.send(RedisCommand("LPUSH", "postern:request:\(handle.digest)", "secret words"))
        let response = await harness.respond(to: .verify(code: "123456", of: handle.text))
        #expect(response.status == .internalServerError)
        #expect(response.text == #"{"error":"Something went wrong on our side","code":"internal_error"}"#)
    }
}
