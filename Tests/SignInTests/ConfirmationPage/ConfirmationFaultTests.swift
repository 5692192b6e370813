import Cryptography
import MailQueue
import Net
import Platform
import Redis
import SignIn
import TestSupport
import Testing
import Web

@Suite
struct ConfirmationFaultTests {
    private func harness(
        _ server: RedisServer?, limits: SignInLimits? = nil, random: RandomBytes = .system
    ) async throws -> SignInHarness {
        try await SignInHarness(
            server, limits: limits ?? SignInHarness.noLimits, random: random,
            publicURL: PublicURL(parsing: "https://auth.example"))
    }

    /// Checks that a response is an error page with this title, which reveals no cause.
    private func expectPage(
        _ response: Response, _ status: Status, _ title: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let html = ConfirmationHTML(response)
        #expect(response.status == status, sourceLocation: sourceLocation)
        #expect(html.content(of: "h1") == title, sourceLocation: sourceLocation)
        #expect(response.fields[.contentType] == "text/html; charset=utf-8", sourceLocation: sourceLocation)
        #expect(response.fields[.referrerPolicy] == "no-referrer", sourceLocation: sourceLocation)
        #expect(response.fields[.cacheControl] == "no-store", sourceLocation: sourceLocation)
        #expect(response.fields[.location] == nil, sourceLocation: sourceLocation)
        for word in ["quetzal", "secret", "random", "Redis", "redis", "OpenSSL"] {
            #expect(!html.text.contains(word), "\(word)", sourceLocation: sourceLocation)
        }
    }

    @Test("a press beyond the limit shows a page with the time to wait, and changes nothing")
    func limited() async throws {
        let server = try await RedisServer()
        let limits = SignInLimits(
            client: nil, recipient: nil, deployment: nil, verification: try RateLimit(parsing: "1/1d"))
        let harness = try await harness(server, limits: limits)
        let token = try await harness.requestLink().token
        let first = try tokenInRedirect(await harness.respond(to: .press(token)))
        let before = try await harness.contents()
        for text in [token, "x"] {
            let response = await harness.respond(to: .press(text))
            expectPage(response, .tooManyRequests, "Please wait a moment")
            let wait = try #require(response.fields[.retryAfter])
            let seconds = try #require(Int(wait))
            #expect((1...86_400).contains(seconds))
            #expect(response.text.contains("Try again in \(wait)\u{A0}sec."))
            #expect(ConfirmationHTML(response).values(of: "href") == (text == token ? ["open?token=\(token)"] : []))
        }
        #expect(try await harness.contents() == before)
        // Views are not limited, and neither are other clients. The first press still counts.
        #expect(await harness.respond(to: .view(token)).status == .ok)
        let verified = await harness.respond(to: .verify(first, peer: "192.0.2.2"))
        #expect(verified.status == .ok)
    }

    @Test("without Redis the page offers to try again, with a link to itself")
    func unreachable() async throws {
        let harness = try await harness(nil)
        let token = try LoginToken(random: .system).text
        for request in [
            Request.view(token), .view(token, method: .head), .press(token), .press(token, sendsAgain: true),
        ] {
            let response = await harness.respond(to: request)
            expectPage(response, .serviceUnavailable, "Not available right now")
            #expect(response.fields[.retryAfter] == "1")
            #expect(ConfirmationHTML(response).values(of: "href") == ["open?token=\(token)"])
        }
    }

    @Test("the link works again once Redis is back")
    func recovers() async throws {
        let server = try await RedisServer(arguments: ["--appendonly", "yes", "--appendfsync", "always"])
        let harness = try await harness(server)
        let token = try await harness.requestLink().token
        server.stop()
        #expect(await harness.respond(to: .view(token)).status == .serviceUnavailable)
        try await server.start()
        try await eventually("the page to be back") { await harness.respond(to: .view(token)).status == .ok }
        _ = try tokenInRedirect(await harness.respond(to: .press(token)))
    }

    @Test("without random bytes no token is exchanged, no email is queued, and the page does not say why")
    func noRandomness() async throws {
        let server = try await RedisServer()
        let whole = try await self.harness(server)
        let token = try await whole.requestLink("quetzal@example.com").token
        let expired = try await whole.requestLink("other@example.com").token
        try await whole.expire(expired)
        let broken = RandomBytes { (_: UnsafeMutableRawBufferPointer) throws(CryptoError) -> Void in
            throw CryptoError.noRandomness
        }
        let harness = try await self.harness(server, random: broken)
        let before = try await harness.contents()
        for request in [Request.press(token), .press(expired, sendsAgain: true)] {
            let response = await harness.respond(to: request)
            expectPage(response, .internalServerError, "Not available right now")
            #expect(response.fields[.retryAfter] == nil)
        }
        #expect(try await harness.contents() == before)
        #expect(await harness.respond(to: .view(token)).status == .ok)
    }

    @Test("a damaged entry causes an error page without details")
    func damaged() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try LoginToken(random: .system).text
        let key = try SignInHarness.key(of: token)
        let commands = [
            RedisCommand("LPUSH", key, "secret words"),
            RedisCommand("SET", key, "live 86400000 - 00 -\nsecret words", "PX", "86401000"),
            RedisCommand("SET", key, "used 86400000 - 00 -\nsecret words", "PX", "86401000"),
        ]
        for command in commands {
            _ = try await harness.redis.send(RedisCommand("DEL", key))
            _ = try await harness.redis.send(command)
            for request in [Request.view(token), .press(token), .press(token, sendsAgain: true)] {
                let response = await harness.respond(to: request)
                expectPage(response, .internalServerError, "Not available right now")
            }
        }
        #expect(try await harness.jobs().isEmpty)
    }

    // MARK: - Portals that are no longer allowed

    /// Requests a link to a portal that is no longer allowed.
    private func requestLinkToDisallowedPortal(_ harness: SignInHarness) async throws -> String {
        let publicURL = try PublicURL(parsing: "https://auth.example")
        let callbackPath = try PortalPath(parsing: "/auth/callback")
        let policy = SignInPolicy(
            origins: OriginPolicy(allowed: [try OriginPattern(parsing: "https://gone.example")]),
            callbackPath: callbackPath, publicURL: publicURL, limits: SignInHarness.noLimits)
        let store = try SignInStore(
            redis: harness.redis, policy: policy, keyPrefix: "postern:", secretKeys: SignInHarness.keys,
            random: .system)
        let recipient = try #require(EmailAddress(parsing: "quetzal@example.com"))
        let gone = try Origin(parsing: "https://gone.example")
        let link = MagicLink(
            origin: gone, callbackPath: callbackPath,
            token: try LoginToken(at: store.place(for: recipient, gone, nil), random: .system), next: nil,
            publicURL: publicURL)
        let admission = try await store.admit(
            SignInRequest(link: link, recipient: recipient), from: nil, at: UnixTime.now())
        #expect(admission == Admission.admitted(nil))
        return link.token.text
    }

    @Test("a link to a portal that is no longer allowed does not redirect, and is not sent again")
    func portalGone() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await requestLinkToDisallowedPortal(harness)
        for isExpired in [false, true] {
            if isExpired { try await harness.expire(token) }
            for request in [Request.view(token), .press(token), .press(token, sendsAgain: true)] {
                let response = await harness.respond(to: request)
                expectPage(response, .gone, "This link does not work")
                #expect(!response.text.contains("gone.example"))
                #expect(!response.text.contains(token))
                #expect(!response.fields.lines.contains { $0.value.contains("gone.example") })
            }
        }
        #expect(try await harness.jobs().count == 1)
    }

    @Test("a portal that is no longer allowed does not learn the address")
    func portalGoneAtVerification() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await requestLinkToDisallowedPortal(harness)
        let response = await harness.respond(to: .verify(token))
        #expect(response.status == .badRequest)
        #expect(response.code == "token_invalid")
        #expect(!response.text.contains("quetzal"))
    }

    // MARK: - The page's path

    @Test(
        "without a public URL there is no confirmation page, for any method",
        arguments: ["GET", "HEAD", "POST", "OPTIONS", "PUT"])
    func noConfirmationPage(method: String) async throws {
        let harness = try await SignInHarness()
        var request = Request.press(String(repeating: "A", count: 43))
        request.method = .init(method)
        request.query = "token=x"
        let response = await harness.respond(to: request)
        #expect(response.status == .notFound)
        #expect(response.text == #"{"error":"There is nothing at this path","code":"not_found"}"#)
    }

    @Test("the page answers GET, HEAD and POST, and a preflight", arguments: ["PUT", "PATCH", "DELETE", "get", ""])
    func methods(method: String) async throws {
        let harness = try await harness(nil)
        let response = await harness.respond(to: RouteCase(method, "/auth/open").request)
        #expect(response.status == .methodNotAllowed)
        #expect(response.fields[.allow] == "GET, HEAD, POST, OPTIONS")
        #expect(response.code == "method_not_allowed")
        let preflight = await harness.respond(to: RouteCase("OPTIONS", "/auth/open").request)
        #expect(preflight.status == .noContent)
        #expect(preflight.fields[.allow] == "GET, HEAD, POST, OPTIONS")
        #expect(preflight.body.isEmpty)
    }

    @Test("the page is below the base path, and its form leads back to it")
    func basePath() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(
            server, basePath: "/api/v1", publicURL: PublicURL(parsing: "https://example.com/api/v1/"))
        let job = try await harness.requestLink(base: "/api/v1")
        #expect(job.link == "https://example.com/api/v1/auth/open?token=\(job.token)")
        for path in ["/auth/open", "/api/v1/auth/open/", "/api/v1//auth/open", "/api/v1/auth/Open", "/api/v1/open"] {
            var request = Request.view(job.token)
            request.path = path
            #expect(await harness.respond(to: request).status == .notFound, "\(path)")
        }
        var view = Request.view(job.token)
        view.path = "/api/v1/auth/open"
        let page = await harness.respond(to: view)
        #expect(page.status == .ok)
        // Relative to the page, because a proxy in front may have removed a part of the path.
        #expect(ConfirmationHTML(page).values(of: "action") == ["open"])
        var press = Request.press(job.token)
        press.path = "/api/v1/auth/open"
        _ = try tokenInRedirect(await harness.respond(to: press))
    }
}
