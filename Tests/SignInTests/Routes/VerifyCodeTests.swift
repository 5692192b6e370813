import Cryptography
import Redis
import SignIn
import TestSupport
import Testing
import Web

@Suite
struct VerifyCodeTests {
    /// The response to every code that is refused.
    private static let refusal = #"""
        {"error":"That code didn't work: check it, or open the link in the email instead",\#
        "code":"code_invalid"}
        """#

    private func limits(_ code: String) throws -> SignInLimits {
        SignInLimits(
            client: nil, recipient: nil, deployment: nil, code: try RateLimit(parsing: code))
    }

    /// Verifies wrong codes, each of which must be refused.
    private func guess(_ count: Int, _ requested: RequestedCode, _ harness: SignInHarness) async {
        for _ in 0..<count {
            let response = await harness.respond(to: .verify(code: requested.wrongCode, of: requested.handle))
            #expect(response.text == VerifyCodeTests.refusal)
        }
    }

    @Test("a code with its handle signs in once, and uses the link up", arguments: [false, true])
    func once(hasConfirmationPage: Bool) async throws {
        let server = try await RedisServer()
        let publicURL = try hasConfirmationPage ? PublicURL(parsing: "https://auth.example") : nil
        let harness = try await SignInHarness(server, publicURL: publicURL)
        let requested = try await harness.requestCode("Ada@example.com", #","callback_next":"/invoices?a=b""#)
        let response = await harness.respond(to: .verify(code: requested.code, of: requested.handle))
        #expect(response.status == .ok)
        #expect(
            response.text
                == #"{"ok":true,"email":"ada@example.com","callback_origin":"https://portal.example","callback_next":"/invoices?a=b"}"#
        )
        #expect(response.fields[.contentType] == "application/json")
        let again = await harness.respond(to: .verify(code: requested.code, of: requested.handle))
        #expect(again.text == VerifyCodeTests.refusal)
        #expect(await harness.respond(to: .verify(requested.token)).code == "token_invalid")
    }

    @Test("the assertion for a code is that of its link")
    func assertion() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, issuer: .sample())
        let requested = try await harness.requestCode()
        let response = await harness.respond(to: .verify(code: requested.code, of: requested.handle))
        let read = try ReadAssertion(response)
        #expect(read.claims["sub"] as? String == "ada@example.com")
        #expect(read.claims["aud"] as? String == "https://portal.example")
        #expect(read.claims["amr"] as? [String] == ["otp"])
        // The first half of the digest of the mailed token.
        let digest = Digest.sha256.hex(of: Array(requested.token.utf8))
        #expect(read.claims["jti"] as? String == String(digest.prefix(32)))
        #expect(try read.isSigned(by: AssertionIssuer.sampleKey))
    }

    @Test("of many concurrent requests with one code, one signs in")
    func concurrently() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let requested = try await harness.requestCode()
        let statuses = await withTaskGroup(of: Status.self, returning: [Status].self) { group in
            for _ in 0..<40 {
                group.addTask { await harness.respond(to: .verify(code: requested.code, of: requested.handle)).status }
            }
            var statuses: [Status] = []
            for await status in group { statuses.append(status) }
            return statuses
        }
        #expect(statuses.count { $0 == .ok } == 1)
        #expect(statuses.count { $0 == .badRequest } == 39)
    }

    @Test("a code keeps its leading zeros")
    func leadingZeros() async throws {
        let server = try await RedisServer()
        let random = RandomBytes { (buffer: UnsafeMutableRawBufferPointer) throws(CryptoError) -> Void in
            try RandomBytes.system.fill(buffer)
            // A code is made of four random bytes.
            if buffer.count == 4 { buffer.storeBytes(of: 42, as: UInt32.self) }
        }
        let harness = try await SignInHarness(server, random: random)
        let requested = try await harness.requestCode()
        #expect(requested.code == "000042")
        #expect(await harness.respond(to: .verify(code: "42", of: requested.handle)).code == "validation_error")
        #expect(await harness.respond(to: .verify(code: "420000", of: requested.handle)).code == "code_invalid")
        #expect(await harness.respond(to: .verify(code: "000042", of: requested.handle)).status == .ok)
    }

    // MARK: - Refusals

    /// Requests that must be refused, each for another reason.
    private func refusedRequests(_ harness: SignInHarness, hasConfirmationPage: Bool) async throws -> [(
        name: String, request: Request
    )] {
        var requests: [(name: String, request: Request)] = []
        let guessed = try await harness.requestCode("guessed@example.com")
        requests.append(("a wrong code", .verify(code: guessed.wrongCode, of: guessed.handle)))
        let unknown = try LoginToken(random: .system).text
        requests.append(("an unknown handle", .verify(code: "123456", of: unknown)))
        let used = try await harness.requestCode("used@example.com")
        #expect(await harness.respond(to: .verify(code: used.code, of: used.handle)).status == .ok)
        requests.append(("a used code", .verify(code: used.code, of: used.handle)))
        let linked = try await harness.requestCode("linked@example.com")
        #expect(await harness.respond(to: .verify(linked.token)).status == .ok)
        requests.append(("a code whose link was used", .verify(code: linked.code, of: linked.handle)))
        let expired = try await harness.requestCode("expired@example.com")
        if hasConfirmationPage {
            try await harness.expire(expired.token)
        } else {
            try await harness.forget(expired.token)
        }
        requests.append(("an expired code", .verify(code: expired.code, of: expired.handle)))
        let superseded = try await harness.requestCode("superseded@example.com", SampleChallenge.member)
        _ = try await harness.requestLink("superseded@example.com", SampleChallenge.member)
        requests.append(
            (
                "a code before a newer link",
                .verify(code: superseded.code, of: superseded.handle, verifier: SampleChallenge.verifier)
            ))
        let tried = try await harness.requestCode("tried@example.com")
        await guess(5, tried, harness)
        requests.append(("a code after five wrong ones", .verify(code: tried.code, of: tried.handle)))
        let bound = try await harness.requestCode("bound@example.com", SampleChallenge.member)
        requests.append(("without a verifier", .verify(code: bound.code, of: bound.handle)))
        let other = String(repeating: "a", count: 43)
        requests.append(("another verifier", .verify(code: bound.code, of: bound.handle, verifier: other)))
        let free = try await harness.requestCode("free@example.com")
        let verifier = SampleChallenge.verifier
        requests.append(("an unexpected verifier", .verify(code: free.code, of: free.handle, verifier: verifier)))
        requests.append(("the link's token as the handle", .verify(code: free.code, of: free.token)))
        return requests
    }

    @Test("all refusals are the same, to the byte", arguments: [false, true])
    func identical(hasConfirmationPage: Bool) async throws {
        let server = try await RedisServer()
        let publicURL = try hasConfirmationPage ? PublicURL(parsing: "https://auth.example") : nil
        let harness = try await SignInHarness(server, limits: limits("1000/1d"), publicURL: publicURL)
        let live = try await harness.requestCode("live@example.com")
        var requests = try await refusedRequests(harness, hasConfirmationPage: hasConfirmationPage)
        for text in lookalikes(of: live.handle) {
            requests.append((String(text.prefix(60)), .verify(code: live.code, of: text)))
        }

        var answers: [(name: String, response: Response)] = []
        for (name, request) in requests {
            var named = request
            named.fields.append("X-Request-Id", "one")
            answers.append((name, await harness.respond(to: named)))
        }
        expectIdentical(answers, body: VerifyCodeTests.refusal)
        #expect(await harness.respond(to: .verify(code: live.code, of: live.handle)).status == .ok)
    }

    @Test("a code handle is not accepted as a token")
    func notInterchangeable() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, publicURL: PublicURL(parsing: "https://auth.example"))
        let requested = try await harness.requestCode()
        #expect(await harness.respond(to: .verify(requested.handle)).code == "token_invalid")
        #expect(await harness.respond(to: .view(requested.handle)).status == .gone)
        #expect(await harness.respond(to: .press(requested.handle)).status == .gone)
        #expect(await harness.respond(to: .verify(code: requested.code, of: requested.handle)).status == .ok)
    }

    @Test("a code with a challenge is accepted only with its verifier")
    func challenge() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let requested = try await harness.requestCode("ada@example.com", SampleChallenge.member)
        let refused = await harness.respond(to: .verify(code: requested.code, of: requested.handle))
        #expect(refused.text == VerifyCodeTests.refusal)
        let response = await harness.respond(
            to: .verify(code: requested.code, of: requested.handle, verifier: SampleChallenge.verifier))
        #expect(response.status == .ok)
    }

    // MARK: - Guessing

    @Test("after four wrong codes the right one still works, and malformed codes are not counted")
    func fourTries() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let requested = try await harness.requestCode()
        await guess(4, requested, harness)
        for text in ["12345", "", "1234567", "abcdef"] {
            let response = await harness.respond(to: .verify(code: text, of: requested.handle))
            #expect(response.code == "validation_error")
        }
        #expect(await harness.respond(to: .verify(code: requested.code, of: requested.handle)).status == .ok)
    }

    @Test("after five wrong codes a code does not work, but another one does, and the link")
    func fiveTries() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let first = try await harness.requestCode()
        await guess(5, first, harness)
        let response = await harness.respond(to: .verify(code: first.code, of: first.handle))
        #expect(response.text == VerifyCodeTests.refusal)
        let second = try await harness.requestCode()
        #expect(await harness.respond(to: .verify(code: second.code, of: second.handle)).status == .ok)
        let third = try await harness.requestCode()
        await guess(5, third, harness)
        #expect(await harness.respond(to: .verify(third.token)).status == .ok)
    }

    // MARK: - Limits and faults

    @Test("a client beyond its limit gets 429, and limited codes are not counted as wrong")
    func limited() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, limits: limits("2/1d"))
        let requested = try await harness.requestCode()
        await guess(2, requested, harness)
        for code in Array(repeating: requested.wrongCode, count: 10) + [requested.code] {
            let request = Request.verify(code: code, of: requested.handle, origin: "https://portal.example")
            let response = await harness.respond(to: request)
            #expect(response.status == .tooManyRequests)
            let wait = try #require(response.member("retryAfter") as? Int)
            #expect((1...43_200).contains(wait))
            #expect(response.fields[.retryAfter] == "\(wait)")
            #expect(response.fields[.rateLimitPolicy] == #""ip";q=2;w=86400"#)
            #expect(response.fields[.accessControlAllowOrigin] == "https://portal.example")
            #expect(response.fields[.accessControlExposeHeaders]?.contains("Retry-After") == true)
        }
        let response = await harness.respond(to: .verify(code: requested.code, of: requested.handle, peer: "192.0.2.2"))
        #expect(response.status == .ok)
        #expect(response.fields[.rateLimit]?.hasPrefix(#""ip";r=1;t="#) == true)
    }

    @Test("without Redis a code gets 503, whatever its handle is")
    func unreachable() async throws {
        let harness = try await SignInHarness()
        let handle = try LoginToken(random: .system).text
        for text in [handle, "", "x"] {
            let response = await harness.respond(to: .verify(code: "123456", of: text))
            #expect(response.status == .serviceUnavailable)
            #expect(response.code == "service_unavailable")
            #expect(response.fields[.retryAfter] == "1")
        }
    }

    @Test("an internal error is reported without details")
    func fault() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let handle = try LoginToken(random: .system)
        _ = try await harness.redis.send(RedisCommand("LPUSH", "postern:links:\(handle.place.text)", "secret words"))
        let response = await harness.respond(to: .verify(code: "123456", of: handle.text))
        #expect(response.status == .internalServerError)
        #expect(response.text == #"{"error":"Something went wrong on our side","code":"internal_error"}"#)
    }
}
