import MailQueue
import Redis
import SignIn
import Testing
import TestSupport
import Web

@Suite
struct OpenLinkTests {
    private static let form = "application/x-www-form-urlencoded"

    private func harness(_ server: RedisServer, limits: SignInLimits? = nil) async throws -> SignInHarness {
        try await SignInHarness(
            server, limits: limits ?? SignInHarness.noLimits, publicURL: PublicURL(parsing: "https://door.example"))
    }

    // MARK: - Looking

    @Test("looks use up nothing and change nothing, however many there are")
    func looks() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await harness.mailed().token
        let before = try await harness.contents()
        #expect(!before.isEmpty)
        let first = await harness.respond(to: .look(token, more: [("X-Request-Id", "one")]))
        #expect(first.status == .ok)
        for round in 0..<100 {
            let method: Method = round.isMultiple(of: 2) ? .get : .head
            let more = [("X-Request-Id", "one"), ("Sec-Fetch-Site", round < 50 ? "cross-site" : "none")]
            let response = await harness.respond(to: .look(token, method: method, more: more))
            #expect(response.status == first.status)
            #expect(response.fields == first.fields)
            #expect(response.body == first.body)
        }
        #expect(try await harness.contents() == before)
        _ = try freshToken(await harness.respond(to: .press(token)))
    }

    @Test(
        "a press that comes from another site is answered as a look, and does nothing",
        arguments: [
            ["cross-site"], ["same-site"], ["Cross-Site"], ["cross-site", "same-origin"],
            ["same-origin", "cross-site"],
        ])
    func otherSite(values: [String]) async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await harness.mailed().token
        let before = try await harness.contents()
        let look = await harness.respond(to: .look(token, more: [("X-Request-Id", "one")]))
        #expect(look.status == .ok)
        let more = [("X-Request-Id", "one")] + values.map { ("Sec-Fetch-Site", $0) }
        for isForAgain in [false, true] {
            let response = await harness.respond(to: .press(token, isForAgain: isForAgain, more: more))
            #expect(response.status == look.status)
            #expect(response.fields == look.fields)
            #expect(response.body == look.body)
        }
        #expect(try await harness.contents() == before)
    }

    // MARK: - Pressing

    @Test("a press leads to the portal with a fresh token and the path, encoded once")
    func location() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let ways: [(String, String)] = [
            ("", ""), ("/", "&next=%2F"), ("/invoices?a=b&c=%20#d", "&next=%2Finvoices%3Fa%3Db%26c%3D%2520%23d"),
            ("/a'\"<b>", "&next=%2Fa%27%22%3Cb%3E"), ("/caf\u{E9}&token=x", "&next=%2Fcaf%C3%A9%26token%3Dx"),
        ]
        for (path, end) in ways {
            let members = path.isEmpty ? "" : #","callback_next":\#(quoted(path))"#
            let job = try await harness.mailed("ada@example.com", members)
            #expect(job.link == "https://door.example/auth/open?token=\(job.token)")
            let response = await harness.respond(to: .press(job.token, more: [("Sec-Fetch-Site", "same-origin")]))
            let fresh = try freshToken(response, followedBy: end)
            #expect(fresh != job.token)
            #expect(response.body.isEmpty)
            #expect(response.fields[.cacheControl] == "no-store")
            #expect(response.fields[.referrerPolicy] == "no-referrer")
            #expect(response.fields[.rateLimit] == nil)
            let verified = await harness.respond(to: .verify(fresh))
            #expect(verified.member("email") as? String == "ada@example.com")
            let next: String? = path.isEmpty ? nil : path
            #expect(verified.member("callback_next") as? String == next)
        }
    }

    @Test("no field of a request leads elsewhere, when the link is asked for or when it is opened")
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
        #expect(job.link == "https://door.example/auth/open?token=\(job.token)")
        let page = await harness.respond(to: .look(job.token, more: hosts))
        #expect(!page.text.contains("evil") && !page.fields.lines.contains { $0.value.contains("evil") })
        let claims = [
            ("X-AppHandoff-Callback-Origin", "https://body.example"), ("Referer", "https://body.example/"),
            ("Origin", "null"),
        ]
        let response = await harness.respond(to: .press(job.token, more: hosts + claims))
        _ = try freshToken(response)
        #expect(!response.fields.lines.contains { $0.value.contains("evil") || $0.value.contains("body") })
    }

    @Test("the button can be pressed again until somebody is signed in, and each press ends the earlier ones")
    func pressedAgain() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await harness.mailed().token
        let first = try freshToken(await harness.respond(to: .press(token)))
        let second = try freshToken(await harness.respond(to: .press(token)))
        for text in [first, token] {
            #expect(await harness.respond(to: .verify(text)).code == "token_invalid")
        }
        #expect(await harness.respond(to: .look(token)).status == .ok)
        #expect(await harness.respond(to: .verify(second)).status == .ok)
        for text in [first, second, token] {
            #expect(await harness.respond(to: .verify(text)).code == "token_invalid")
        }
        for request in [Request.look(token), .press(token)] {
            let response = await harness.respond(to: request)
            #expect(response.status == .gone)
            #expect(ConfirmationHTML(response).content(of: "h1") == "This link was already used")
        }
    }

    @Test("of many presses at once each is answered, and one of their tokens signs in")
    func concurrently() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await harness.mailed().token
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
            let fresh = try freshToken(response)
            if await harness.respond(to: .verify(fresh)).status == .ok { signedInCount += 1 }
        }
        #expect(signedInCount == 1)
    }

    @Test("a fresh token works for a minute and once, and is none for a page")
    func fresh() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await harness.mailed().token
        let fresh = try freshToken(await harness.respond(to: .press(token)))
        let key = try SignInHarness.key(of: fresh)
        guard case .integer(let lifetime) = try await harness.redis.send(RedisCommand("PTTL", key)) else {
            throw NotAsExpected()
        }
        #expect((1...60_000).contains(lifetime))
        let before = try await harness.contents()
        for request in [Request.look(fresh), .press(fresh), .press(fresh, isForAgain: true)] {
            let response = await harness.respond(to: request)
            #expect(response.status == .gone)
            #expect(!response.text.contains(fresh))
        }
        #expect(try await harness.contents() == before)
        // Who pressed in time is let in, though the link's own time is over by now.
        try await harness.expire(token)
        #expect(await harness.respond(to: .look(token)).status == .gone)
        #expect(await harness.respond(to: .verify(fresh)).status == .ok)
        #expect(await harness.respond(to: .verify(fresh)).code == "token_invalid")
    }

    @Test("an assertion names the mailed token, whichever was brought, and the challenge stays the link's")
    func challenge() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(
            server, publicURL: PublicURL(parsing: "https://door.example"), issuer: .sample())
        let token = try await harness.mailed("ada@example.com", SampleChallenge.member).token
        let fresh = try freshToken(await harness.respond(to: .press(token)))
        #expect(await harness.respond(to: .verify(fresh)).code == "token_invalid")
        let response = await harness.respond(to: .verify(fresh, verifier: SampleChallenge.verifier))
        let id = try #require(LoginToken(parsing: token)).id
        #expect(try ReadAssertion(response).claims["jti"] as? String == id)
    }

    // MARK: - Forms

    @Test("what is not sent as a form is refused, and opens nothing")
    func contentTypes() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await harness.mailed().token
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
            _ = try freshToken(await harness.respond(to: .press(token, contentType: type)))
        }
    }

    @Test("a token that is given twice, elsewhere or with something around it is unknown")
    func forms() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await harness.mailed().token
        let before = try await harness.contents()
        let forms = [
            "", "token", "token=", "token=\(token)&token=\(token)", "token=x&token=\(token)", "token=\(token)&token",
            "token=\(token)&to%6ben=\(token)", "Token=\(token)", "token[]=\(token)", "token=\(token)%20",
            "token=+\(token)", "token=\(token)%00", "token=\(token);again=1", "{\"token\":\"\(token)\"}", token,
            String(repeating: "a=1&", count: 4000) + "token=\(token)", "token=\(respelled(token))",
        ]
        for form in forms {
            var look = Request.look(token)
            look.query = form
            let press = Request.json("/auth/open", form, contentType: OpenLinkTests.form)
            for request in [look, press] {
                let response = await harness.respond(to: request)
                #expect(response.status == .gone, "\(form.prefix(100))")
                #expect(
                    ConfirmationHTML(response).content(of: "h1") == "This link does not work", "\(form.prefix(100))")
            }
        }
        // In the query of a press, and in the body of a look.
        var press = Request.press("")
        press.query = "token=\(token)"
        var look = Request.press(token)
        look.method = .get
        for request in [press, look] { #expect(await harness.respond(to: request).status == .gone) }
        #expect(try await harness.contents() == before)
        // Whatever else is in the form does not matter.
        let more = Request.json("/auth/open", "utm=a&token=\(token)&b[]=%zz&", contentType: OpenLinkTests.form)
        _ = try freshToken(await harness.respond(to: more))
    }
}
