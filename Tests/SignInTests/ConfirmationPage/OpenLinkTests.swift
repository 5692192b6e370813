import MailQueue
import Redis
import SignIn
import TestSupport
import Testing
import Web

@Suite
struct OpenLinkTests {
    private static let form = "application/x-www-form-urlencoded"

    private func harness(_ server: RedisServer, limits: SignInLimits? = nil) async throws -> SignInHarness {
        try await SignInHarness(
            server, limits: limits ?? SignInHarness.noLimits, publicURL: PublicURL(parsing: "https://auth.example"))
    }

    // MARK: - Viewing

    @Test("viewing the page changes nothing, however often it is viewed")
    func views() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await harness.requestLink().token
        let before = try await harness.contents()
        #expect(!before.isEmpty)
        let first = await harness.respond(to: .view(token, more: [("X-Request-Id", "one")]))
        #expect(first.status == .ok)
        for round in 0..<100 {
            let method: Method = round.isMultiple(of: 2) ? .get : .head
            let more = [("X-Request-Id", "one"), ("Sec-Fetch-Site", round < 50 ? "cross-site" : "none")]
            let response = await harness.respond(to: .view(token, method: method, more: more))
            #expect(response.status == first.status)
            #expect(response.fields == first.fields)
            #expect(response.body == first.body)
        }
        #expect(try await harness.contents() == before)
        _ = try tokenInRedirect(await harness.respond(to: .press(token)))
    }

    @Test(
        "a press from another site only shows the page, and changes nothing",
        arguments: [
            ["cross-site"], ["same-site"], ["Cross-Site"], ["cross-site", "same-origin"],
            ["same-origin", "cross-site"],
        ])
    func otherSite(values: [String]) async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await harness.requestLink().token
        let before = try await harness.contents()
        let view = await harness.respond(to: .view(token, more: [("X-Request-Id", "one")]))
        #expect(view.status == .ok)
        let more = [("X-Request-Id", "one")] + values.map { ("Sec-Fetch-Site", $0) }
        for sendsAgain in [false, true] {
            let response = await harness.respond(to: .press(token, sendsAgain: sendsAgain, more: more))
            #expect(response.status == view.status)
            #expect(response.fields == view.fields)
            #expect(response.body == view.body)
        }
        #expect(try await harness.contents() == before)
    }

    // MARK: - Pressing

    @Test("a press redirects to the portal with an exchange token and the path, which is encoded once")
    func location() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let paths: [(String, String)] = [
            ("", ""), ("/", "&next=%2F"), ("/invoices?a=b&c=%20#d", "&next=%2Finvoices%3Fa%3Db%26c%3D%2520%23d"),
            ("/a'%22%3Cb", "&next=%2Fa%27%2522%253Cb"), ("/caf%C3%A9&token=x", "&next=%2Fcaf%25C3%25A9%26token%3Dx"),
        ]
        for (path, end) in paths {
            let members = path.isEmpty ? "" : #","callback_next":\#(quoted(path))"#
            let job = try await harness.requestLink("ada@example.com", members)
            #expect(job.link == "https://auth.example/auth/open?token=\(job.token)")
            let response = await harness.respond(to: .press(job.token, more: [("Sec-Fetch-Site", "same-origin")]))
            let exchangeToken = try tokenInRedirect(response, followedBy: end)
            #expect(exchangeToken != job.token)
            #expect(response.body.isEmpty)
            #expect(response.fields[.cacheControl] == "no-store")
            #expect(response.fields[.referrerPolicy] == "no-referrer")
            #expect(response.fields[.rateLimit] == nil)
            let verified = await harness.respond(to: .verify(exchangeToken))
            #expect(verified.member("email") as? String == "ada@example.com")
            let next: String? = path.isEmpty ? nil : path
            #expect(verified.member("callback_next") as? String == next)
        }
    }

    @Test("no field of a request changes where the link leads, when it is requested or when it is opened")
    func foreignHosts() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let hosts = [
            ("Host", "evil.example"), ("X-Forwarded-Host", "evil.example"), ("Forwarded", "host=evil.example"),
            ("X-Forwarded-Proto", "http"), ("X-Original-URL", "https://evil.example/"), ("X-Host", "evil.example"),
        ]
        #expect(await harness.respond(to: .signIn(more: hosts)).status == .ok)
        let jobs = try await harness.jobs()
        let job = try #require(jobs.last)
        #expect(job.link == "https://auth.example/auth/open?token=\(job.token)")
        let page = await harness.respond(to: .view(job.token, more: hosts))
        #expect(!page.text.contains("evil") && !page.fields.lines.contains { $0.value.contains("evil") })
        let claims = [
            ("X-AppHandoff-Callback-Origin", "https://body.example"), ("Referer", "https://body.example/"),
            ("Origin", "null"),
        ]
        let response = await harness.respond(to: .press(job.token, more: hosts + claims))
        _ = try tokenInRedirect(response)
        #expect(!response.fields.lines.contains { $0.value.contains("evil") || $0.value.contains("body") })
    }

    @Test("the button can be pressed again until the link is used, and each press ends the earlier exchange tokens")
    func pressedAgain() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await harness.requestLink().token
        let first = try tokenInRedirect(await harness.respond(to: .press(token)))
        let second = try tokenInRedirect(await harness.respond(to: .press(token)))
        for text in [first, token] {
            #expect(await harness.respond(to: .verify(text)).code == "token_invalid")
        }
        #expect(await harness.respond(to: .view(token)).status == .ok)
        #expect(await harness.respond(to: .verify(second)).status == .ok)
        for text in [first, second, token] {
            #expect(await harness.respond(to: .verify(text)).code == "token_invalid")
        }
        for request in [Request.view(token), .press(token)] {
            let response = await harness.respond(to: request)
            #expect(response.status == .gone)
            #expect(ConfirmationHTML(response).content(of: "h1") == "This link was already used")
        }
    }

    @Test("of many concurrent presses each is answered, and one of their exchange tokens signs in")
    func concurrently() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await harness.requestLink().token
        let responses = await withTaskGroup(of: Response.self, returning: [Response].self) { group in
            for _ in 0..<20 {
                group.addTask { await harness.respond(to: .press(token)) }
            }
            var responses: [Response] = []
            for await response in group { responses.append(response) }
            return responses
        }
        var signedInCount = 0
        for response in responses {
            let exchangeToken = try tokenInRedirect(response)
            if await harness.respond(to: .verify(exchangeToken)).status == .ok { signedInCount += 1 }
        }
        #expect(signedInCount == 1)
    }

    @Test("an exchange token works once, for a minute, and not on the confirmation page")
    func exchangeTokenLifetime() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await harness.requestLink().token
        let exchangeToken = try tokenInRedirect(await harness.respond(to: .press(token)))
        let script = StoreHarness.script("return links_at(KEYS[1])[1].exchange.ends - now_ms")
        let key = try SignInHarness.key(of: exchangeToken)
        guard case .integer(let lifetime) = try await harness.redis.send(RedisCommand("EVAL", script, "1", key)) else {
            throw NotAsExpected()
        }
        #expect((1...60_000).contains(lifetime))
        let before = try await harness.contents()
        for request in [Request.view(exchangeToken), .press(exchangeToken), .press(exchangeToken, sendsAgain: true)] {
            let response = await harness.respond(to: request)
            #expect(response.status == .gone)
            #expect(!response.text.contains(exchangeToken))
        }
        #expect(try await harness.contents() == before)
        // The exchange token works, although the link has expired since the press.
        try await harness.expire(token)
        #expect(await harness.respond(to: .view(token)).status == .gone)
        #expect(await harness.respond(to: .verify(exchangeToken)).status == .ok)
        #expect(await harness.respond(to: .verify(exchangeToken)).code == "token_invalid")
    }

    @Test("an exchange token needs the verifier of its link, and its assertion names the mailed token")
    func challenge() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(
            server, publicURL: PublicURL(parsing: "https://auth.example"), issuer: .sample())
        let token = try await harness.requestLink("ada@example.com", SampleChallenge.member).token
        let exchangeToken = try tokenInRedirect(await harness.respond(to: .press(token)))
        #expect(await harness.respond(to: .verify(exchangeToken)).code == "token_invalid")
        let response = await harness.respond(to: .verify(exchangeToken, verifier: SampleChallenge.verifier))
        let id = try #require(LoginToken(parsing: token)).id
        #expect(try ReadAssertion(response).claims["jti"] as? String == id)
    }

    // MARK: - Forms

    @Test("a press that is not sent as a form is refused, and changes nothing")
    func contentTypes() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await harness.requestLink().token
        let before = try await harness.contents()
        let wrong: [String?] = [
            nil, "", "text/plain", "application/json", "multipart/form-data; boundary=x", "application/x-www-form",
            "application/x-www-form-urlencoded2", "text/plain; \(OpenLinkTests.form)",
            ";\(OpenLinkTests.form)", "\(OpenLinkTests.form), \(OpenLinkTests.form)", "*/*",
        ]
        for type in wrong {
            let response = await harness.respond(to: .press(token, contentType: type))
            #expect(response.status == .unsupportedMediaType)
            #expect(response.fields[.contentType] == "application/json")
            let expected = #"""
                {"error":"Send a form body, with Content-Type: application/x-www-form-urlencoded",\#
                "code":"unsupported_media_type"}
                """#
            #expect(response.text == expected)
        }
        #expect(try await harness.contents() == before)
        let right = ["; charset=UTF-8", ";charset=\"utf-8\"", " ; x=y", ""].map { OpenLinkTests.form + $0 }
        for type in right + [OpenLinkTests.form.uppercased()] {
            _ = try tokenInRedirect(await harness.respond(to: .press(token, contentType: type)))
        }
    }

    @Test("a token that is repeated, misplaced or padded is unknown")
    func forms() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await harness.requestLink().token
        let before = try await harness.contents()
        let forms = [
            "", "token", "token=", "token=\(token)&token=\(token)", "token=x&token=\(token)", "token=\(token)&token",
            "token=\(token)&to%6ben=\(token)", "Token=\(token)", "token[]=\(token)", "token=\(token)%20",
            "token=+\(token)", "token=\(token)%00", "token=\(token);again=1", "{\"token\":\"\(token)\"}", token,
            String(repeating: "a=1&", count: 4000) + "token=\(token)", "token=\(respelled(token))",
        ]
        for form in forms {
            var view = Request.view(token)
            view.query = form
            let press = Request.json("/auth/open", form, contentType: OpenLinkTests.form)
            for request in [view, press] {
                let response = await harness.respond(to: request)
                #expect(response.status == .gone, "\(form.prefix(100))")
                #expect(
                    ConfirmationHTML(response).content(of: "h1") == "This link does not work", "\(form.prefix(100))")
            }
        }
        // The token in the query of a press, and in the body of a view.
        var press = Request.press("")
        press.query = "token=\(token)"
        var view = Request.press(token)
        view.method = .get
        for request in [press, view] { #expect(await harness.respond(to: request).status == .gone) }
        #expect(try await harness.contents() == before)
        // Other fields of the form are ignored.
        let more = Request.json("/auth/open", "utm=a&token=\(token)&b[]=%zz&", contentType: OpenLinkTests.form)
        _ = try tokenInRedirect(await harness.respond(to: more))
    }
}
