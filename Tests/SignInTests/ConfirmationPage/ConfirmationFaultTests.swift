import Cryptography
import MailQueue
import Net
import Platform
import Redis
import SignIn
import Testing
import TestSupport
import Web

@Suite
struct ConfirmationFaultTests {
    private func harness(
        _ server: RedisServer?, limits: SignInLimits? = nil, random: RandomBytes = .system
    ) async throws -> SignInHarness {
        try await SignInHarness(
            server, limits: limits ?? SignInHarness.noLimits, random: random,
            publicURL: PublicURL(parsing: "https://door.example"))
    }

    /// Checks that a response is a page that says no more than that something does not work.
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

    @Test("who presses too often is shown a page with the time to wait, and nothing is used up")
    func limited() async throws {
        let server = try await RedisServer()
        let limits = SignInLimits(
            client: nil, recipient: nil, deployment: nil, verification: try RateLimit(parsing: "1/1d"))
        let harness = try await harness(server, limits: limits)
        let token = try await harness.mailed().token
        let first = try freshToken(await harness.respond(to: .press(token)))
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
        // A look is not limited, and neither is another client; the first press still counts.
        #expect(await harness.respond(to: .look(token)).status == .ok)
        let verified = await harness.respond(to: .verify(first, peer: "192.0.2.2"))
        #expect(verified.status == .ok)
    }

    @Test("without Redis a page asks to try again, and links back to itself")
    func away() async throws {
        let harness = try await harness(nil)
        let token = try LoginToken(random: .system).text
        for request in [
            Request.look(token), .look(token, method: .head), .press(token), .press(token, isForAgain: true),
        ] {
            let response = await harness.respond(to: request)
            expectPage(response, .serviceUnavailable, "Not available right now")
            #expect(response.fields[.retryAfter] == "1")
            #expect(ConfirmationHTML(response).values(of: "href") == ["open?token=\(token)"])
        }
    }

    @Test("when Redis is back, the link works")
    func comesBack() async throws {
        let server = try await RedisServer(arguments: ["--appendonly", "yes", "--appendfsync", "always"])
        let harness = try await harness(server)
        let token = try await harness.mailed().token
        server.stop()
        #expect(await harness.respond(to: .look(token)).status == .serviceUnavailable)
        try await server.start()
        try await eventually("the page to be back") { await harness.respond(to: .look(token)).status == .ok }
        _ = try freshToken(await harness.respond(to: .press(token)))
    }

    @Test("without random bytes nothing is opened and nothing mailed, and the page does not say why")
    func noRandomness() async throws {
        let server = try await RedisServer()
        let whole = try await self.harness(server)
        let token = try await whole.mailed("quetzal@example.com").token
        let expired = try await whole.mailed("other@example.com").token
        try await whole.expire(expired)
        let broken = RandomBytes { (_: UnsafeMutableRawBufferPointer) throws(CryptoError) -> Void in
            throw CryptoError.noRandomness
        }
        let harness = try await self.harness(server, random: broken)
        let before = try await harness.contents()
        for request in [Request.press(token), .press(expired, isForAgain: true)] {
            let response = await harness.respond(to: request)
            expectPage(response, .internalServerError, "Not available right now")
            #expect(response.fields[.retryAfter] == nil)
        }
        #expect(try await harness.contents() == before)
        #expect(await harness.respond(to: .look(token)).status == .ok)
    }

    @Test("an entry that was damaged is owned up to without a detail")
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
            for request in [Request.look(token), .press(token), .press(token, isForAgain: true)] {
                let response = await harness.respond(to: request)
                expectPage(response, .internalServerError, "Not available right now")
            }
        }
        #expect(try await harness.jobs().isEmpty)
    }

    // MARK: - A portal that is allowed no more

    /// Asks for a link to a portal that is not on the allowlist, as if it had been.
    private func mailedElsewhere(_ harness: SignInHarness) async throws -> String {
        var configuration = SignInStoreConfiguration(
            limits: SignInHarness.noLimits, linkLifetime: .seconds(900), keyPrefix: "postern:", keys: SignInHarness.keys
        )
        configuration.retention = .seconds(86_400)
        let store = try SignInStore(redis: harness.redis, configuration: configuration, random: .system)
        let link = MagicLink(
            origin: try Origin(parsing: "https://gone.example"),
            callbackPath: try PortalPath(parsing: "/auth/callback"), token: try LoginToken(random: .system), next: nil,
            publicURL: try PublicURL(parsing: "https://door.example"))
        let recipient = try #require(EmailAddress(parsing: "quetzal@example.com"))
        let admission = try await store.admit(
            SignInRequest(link: link, recipient: recipient), from: nil, at: UnixTime.now())
        #expect(admission == Admission.admitted(nil))
        return link.token.text
    }

    @Test("a link to a portal that is allowed no more leads nowhere, and is not sent again")
    func portalGone() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await mailedElsewhere(harness)
        for isExpired in [false, true] {
            if isExpired { try await harness.expire(token) }
            for request in [Request.look(token), .press(token), .press(token, isForAgain: true)] {
                let response = await harness.respond(to: request)
                expectPage(response, .gone, "This link does not work")
                #expect(!response.text.contains("gone.example"))
                #expect(!response.text.contains(token))
                #expect(!response.fields.lines.contains { $0.value.contains("gone.example") })
            }
        }
        #expect(try await harness.jobs().count == 1)
    }

    @Test("a portal that is allowed no more is told nobody's address")
    func portalGoneAtVerification() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await mailedElsewhere(harness)
        let response = await harness.respond(to: .verify(token))
        #expect(response.status == .badRequest)
        #expect(response.code == "token_invalid")
        #expect(!response.text.contains("quetzal"))
    }

    // MARK: - Where the page is

    @Test(
        "without a landing there is no page, by whichever method", arguments: ["GET", "HEAD", "POST", "OPTIONS", "PUT"])
    func noLanding(method: String) async throws {
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

    @Test("the page is behind the base path, where its form leads back to it")
    func basePath() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(
            server, basePath: "/api/v1", publicURL: PublicURL(parsing: "https://example.com/api/v1/"))
        let job = try await harness.mailed(base: "/api/v1")
        #expect(job.link == "https://example.com/api/v1/auth/open?token=\(job.token)")
        for path in ["/auth/open", "/api/v1/auth/open/", "/api/v1//auth/open", "/api/v1/auth/Open", "/api/v1/open"] {
            var request = Request.look(job.token)
            request.path = path
            #expect(await harness.respond(to: request).status == .notFound, "\(path)")
        }
        var look = Request.look(job.token)
        look.path = "/api/v1/auth/open"
        let page = await harness.respond(to: look)
        #expect(page.status == .ok)
        // Relative to the page, as whoever is in front may have taken a part of the path away.
        #expect(ConfirmationHTML(page).values(of: "action") == ["open"])
        var press = Request.press(job.token)
        press.path = "/api/v1/auth/open"
        _ = try freshToken(await harness.respond(to: press))
    }
}
