import Foundation
import MailQueue
import Net
import Testing
import TestSupport

@Suite
struct LinkRulesTests {
    @Test("GET and HEAD never use up a link; the button's POST does; the code in the same email still works then")
    func viewingIsFree() async throws {
        let deployment = try await Deployment()
        let link = try deployment.emailedLink("ada@example.com", ["code": true])
        let before = try deployment.redis.contents()
        for method in ["GET", "HEAD"] {
            for _ in 0..<10 { #expect(try deployment.viewPage(link.token, method).status == 200) }
            // GET and HEAD are not allowed on the paths that use up tokens and codes.
            for path in ["/auth/verify-magic-link", "/auth/verify-code"] {
                let target = "\(path)?token=\(link.token)&request_id=\(link.codeHandle)&code=\(link.code ?? "")"
                #expect(try deployment.answer(to: Deployment.text(method, target)).status == 405)
            }
        }
        #expect(try deployment.redis.contents() == before)

        // A program pressed the button, but did not verify the exchange token: the code still works.
        let pressed = try deployment.press(link.token)
        #expect(pressed.status == 303)
        #expect(try deployment.redis.contents() != before)
        #expect(try deployment.verify(code: link.code, of: link.codeHandle).email == "ada@example.com")
        #expect(try deployment.verify(pressed.exchangeToken).errorCode == "token_invalid")
        #expect(try deployment.viewPage(link.token).status == 410)

        let other = try deployment.emailedLink("grace@example.com")
        #expect(try deployment.viewPage(other.token).status == 200)
        let exchangeToken = try deployment.press(other.token).exchangeToken
        #expect(try deployment.verify(exchangeToken).email == "grace@example.com")
        #expect(try deployment.verify(exchangeToken).errorCode == "token_invalid")
        #expect(try deployment.press(other.token).status == 410)
    }

    @Test("Of 64 simultaneous verifications of a token or code, exactly one succeeds")
    func verifiedOnce() async throws {
        let deployment = try await Deployment(["POSTERN_VERIFY_LIMIT": "off"])
        for round in 0..<3 {
            let links = try (0..<4).map { try deployment.emailedLink("ada\(round)-\($0)@example.com", ["code": true]) }
            let exchangeToken = try deployment.press(links[1].token).exchangeToken
            let tokens = [links[0].token, exchangeToken, links[3].token].map { ["token": $0] }
            let codes = links.map { ["request_id": $0.codeHandle, "code": $0.code ?? ""] }
            let takes = try tokens.map { try Deployment.json("/auth/verify-magic-link", $0) }
            let codeTakes = try codes.map { try Deployment.json("/auth/verify-code", $0) }
            // The mailed token, an exchange token, a code, and a token and its code alternately.
            let races = [[takes[0]], [takes[1]], [codeTakes[2]], [takes[2], codeTakes[3]]]
            for (link, race) in zip(links, races) {
                let answers = try await deployment.answers(to: (0..<64).map { race[$0 % race.count] })
                #expect(answers.count { $0.status == 200 } == 1)
                #expect(answers.filter { $0.status == 200 }.map(\.email) == [link.job.recipient.text])
                let refusals = answers.filter { ["token_invalid", "code_invalid"].contains($0.errorCode) }
                #expect(refusals.count { $0.status == 400 } == 63)
            }
        }
    }

    /// Origins that are not allowed, although some look like allowed ones.
    private static let foreignOrigins = [
        "https://example.com.evil.test", "https://example.comevil.test", "https://evilexample.com",
        "https://example.com@evil.test", "https://example.com:x@evil.test", "http://example.com",
        "ftp://example.com", "https://example.com:8443", "https://example.com:80", "https://example.com:65979",
        "https://example.com.", "https://evil.test?.example.org", "https://evil.test#.example.org",
        "https://evil.test/.example.org", "https://evil.test\\.example.org", "https://example\u{3002}com",
        "https://a\u{3002}example.org", "https://evil.test\u{3002}example.org", "https://\u{FF45}xample.com",
        "https://example.org", "https://a.b.example.org", "https://.example.org", "http://a.example.org",
        "http://127.0.0.1", "http://127.0.0.1:3001", "http://127.0.0.2:3000", "http://127.1:3000",
        "http://0x7f.0.0.1:3000", "http://2130706433:3000", "http://017700000001:3000",
        "http://[::ffff:127.0.0.1]:3000", "http://[::1]:3000", "http://localhost:3000", "https://127.0.0.1:3000",
        "null", "*", "example.com", "//example.com",
    ]

    @Test("Origins are parsed, and compared by scheme, host and port")
    func origins() async throws {
        let deployment = try await Deployment([
            "POSTERN_ALLOWED_ORIGINS": "https://example.com,https://*.example.org,http://127.0.0.1:3000",
            "POSTERN_LANDING_URL": "",
        ])
        for origin in LinkRulesTests.foreignOrigins {
            let inBody = try deployment.requestLink("ada@example.com", ["callback_origin": origin])
            #expect(inBody.status == 400, "\(origin)")
            #expect(["origin_not_allowed", "validation_error"].contains(inBody.errorCode), "\(origin)")
            #expect(inBody.issuePaths == ["callback_origin"], "\(origin)")
            for lines in [["Origin: \(origin)"], ["X-AppHandoff-Callback-Origin: \(origin)"]] {
                let inField = try deployment.requestLink("ada@example.com", [:], lines)
                #expect(inField.status == 400, "\(lines)")
                #expect(inField.errorCode == "origin_not_allowed", "\(lines)")
                #expect(inField["Access-Control-Allow-Origin"] == nil, "\(lines)")
            }
        }
        #expect(try deployment.redis.contents() == "")

        let right = [
            ("https://example.com", "https://example.com"), ("https://example.com:443/", "https://example.com"),
            ("HTTPS://EXAMPLE.COM", "https://example.com"), ("https://a.example.org", "https://a.example.org"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ]
        for (origin, canonical) in right {
            let inBody = try deployment.emailedLink("ada@example.com", ["callback_origin": origin])
            #expect(inBody.job.link == "\(canonical)/auth/callback?token=\(inBody.token)")
            for name in ["Origin", "X-AppHandoff-Callback-Origin"] {
                let inField = try deployment.emailedLink("ada@example.com", [:], ["\(name): \(origin)"])
                #expect(inField.job.link == "\(canonical)/auth/callback?token=\(inField.token)", "\(name)")
            }
        }
    }

    /// Values that lead out of the portal, at least in some browsers or servers.
    private static let unsafePaths = [
        "", "invoices", "https://evil.test", "javascript:alert(1)", "//evil.test", "///evil.test", "/\\evil.test",
        "\\\\evil.test", "/%5Cevil.test", "/%5cevil.test", "/%2Fevil.test", "/%2fevil.test", "/.//evil.test",
        "/%2E%2F%2Fevil.test", "/../evil", "/a/../b", "/..", "/..%2F..%2F", "/%2e%2e/evil", "/%2E./evil",
        "/%252Fevil.test", "/%255Cevil.test", "/%252e%252e%252fevil", "/..%252F..%252F", "/\tevil", "/a\nb",
        "/%09/evil.test", "/%0D%0AX:y", "/%00", "/%250A", "/\u{7F}", "/\u{85}", "/a?b=%5C", " /invoices",
    ]

    @Test("callback_next must be a safe path inside the portal, and comes back unchanged")
    func safePath() async throws {
        let deployment = try await Deployment()
        for next in LinkRulesTests.unsafePaths {
            let response = try deployment.requestLink("ada@example.com", ["callback_next": next])
            #expect(response.status == 400, "\(next)")
            #expect(response.errorCode == "validation_error", "\(next)")
            #expect(response.issuePaths == ["callback_next"], "\(next)")
        }
        #expect(try deployment.redis.contents() == "")

        for next in ["/", "/invoices", "/a%20b/c..d?u=https://evil.test//x#../y"] {
            let link = try deployment.emailedLink("ada@example.com", ["callback_next": next])
            let answer = try deployment.verify(try deployment.press(link.token).exchangeToken)
            #expect(answer.json["callback_next"] as? String == next)
        }
    }

    @Test("A callback member of another type is refused with its path; a repeated one is refused")
    func repeatedCallback() async throws {
        let deployment = try await Deployment(["POSTERN_LANDING_URL": ""])
        for member in ["callback_next", "callback_origin"] {
            for value in [#"["/a"]"#, #"["https://example.com"]"#, "[]", #"[["/a"],["/b"]]"#] {
                let response = try deployment.requestLink(body: #"{"email":"ada@example.com","\#(member)":\#(value)}"#)
                #expect(response.status == 400, "\(value)")
                #expect(response.errorCode == "validation_error", "\(value)")
                #expect(response.issuePaths == [member], "\(value)")
            }
            for value in ["{}", #"{"0":"/a","length":1}"#, "1", "true", "null", #""""#, #""\u0000""#] {
                let response = try deployment.requestLink(body: #"{"email":"ada@example.com","\#(member)":\#(value)}"#)
                #expect(response.status == 400, "\(value)")
            }
        }
        let (good, bad) = ("https://example.com", "https://evil.test")
        for (first, second) in [
            (#""callback_next":"/a""#, #""callback_next":"//evil.test""#),
            (#""callback_origin":"\#(good)""#, #""callback_origin":"\#(bad)""#),
            (#""callback_origin":"\#(good)""#, #""callback_origin":"\#(good)""#),
        ] {
            for members in ["\(first),\(second)", "\(second),\(first)"] {
                let response = try deployment.requestLink(body: #"{"email":"ada@example.com",\#(members)}"#)
                #expect(response.status == 400)
                #expect(response.errorCode == "invalid_json")
            }
        }
        #expect(try deployment.redis.jobs().isEmpty)

        for name in ["Origin", "X-AppHandoff-Callback-Origin"] {
            for values in [[good, good], [good, bad], [bad, good]] {
                let lines = values.map { "\(name): \($0)" }
                let response = try deployment.requestLink("ada@example.com", [:], lines)
                #expect(response.status == 400, "\(lines)")
                #expect(response.errorCode == "origin_not_allowed", "\(lines)")
            }
        }
        #expect(try deployment.redis.jobs().isEmpty)
    }

    @Test("Links are percent-encoded once, and never depend on Host or forwarding headers", arguments: [true, false])
    func links(hasConfirmationPage: Bool) async throws {
        let deployment = try await Deployment([
            "POSTERN_LANDING_URL": hasConfirmationPage ? Deployment.confirmationURL : ""
        ])
        let next = "/invoices?q=a%20b&token=evil#top"
        let encoded = "%2Finvoices%3Fq%3Da%2520b%26token%3Devil%23top"
        let lines = [
            "X-Forwarded-Host: evil.test", "X-Forwarded-Proto: http", "X-Forwarded-Port: 81", "X-Host: evil.test",
            "X-Original-URL: http://evil.test/", "Forwarded: for=192.0.2.1;host=evil.test;proto=http",
        ]
        for host in ["evil.test", "evil.test:81", "example.com@evil.test"] {
            let response = try deployment.requestLink(
                "ada@example.com", ["callback_next": next], lines + Deployment.browserFields, host: host)
            #expect(response.status == 200, "\(host)")
            let job = try #require(try deployment.redis.jobs().last)
            let direct = "\(Deployment.callback)\(job.token)&next=\(encoded)"
            #expect(
                job.link
                    == (hasConfirmationPage ? "\(Deployment.confirmationURL)/auth/open?token=\(job.token)" : direct))
            var token = job.token
            if hasConfirmationPage {
                #expect(!(try deployment.viewPage(token, "GET", lines).text.contains("evil")))
                let pressed = try deployment.press(token, lines, host: host)
                token = pressed.exchangeToken
                #expect(token.utf8.count == 43)
                #expect(pressed["Location"] == "\(Deployment.callback)\(token)&next=\(encoded)")
            }
            #expect(try deployment.verify(token).json["callback_next"] as? String == next)
        }
    }

    @Test("A request with an Origin that is not allowed is refused")
    func foreignOrigin() async throws {
        let deployment = try await Deployment()
        let (byCode, byLink) = (
            try deployment.emailedLink("ada@example.com", ["code": true]),
            try deployment.emailedLink("grace@example.com")
        )
        let before = try deployment.redis.contents()
        let foreign = [
            "https://evil.test", "null", "", "http://example.com", "https://example.com:8443",
            "https://example.com.evil.test", Deployment.confirmationURL,
        ]
        for origin in foreign {
            // Other fields that name the portal do not help.
            let lines = [
                "Origin: \(origin)", "Referer: \(Deployment.portal)/", "Sec-Fetch-Site: same-origin",
                "X-AppHandoff-Callback-Origin: \(Deployment.portal)",
            ]
            for response in [
                try deployment.requestLink("alan@example.com", ["callback_origin": Deployment.portal], lines),
                try deployment.verify(byLink.token, lines),
                try deployment.verify(code: byCode.code, of: byCode.codeHandle, lines),
            ] {
                #expect(response.status == 400, "\(origin)")
                #expect(response.errorCode == "origin_not_allowed", "\(origin)")
                #expect(response["Access-Control-Allow-Origin"] == nil, "\(origin)")
            }
        }
        #expect(try deployment.redis.contents() == before)
        #expect(try deployment.verify(byLink.token).email == "grace@example.com")
        let own = try deployment.verify(code: byCode.code, of: byCode.codeHandle, Deployment.browserFields)
        #expect(own.email == "ada@example.com")
        #expect(own["Access-Control-Allow-Origin"] == Deployment.portal)
    }
}
