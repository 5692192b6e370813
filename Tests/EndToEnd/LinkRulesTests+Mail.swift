import Cryptography
import Foundation
import MailQueue
import Net
import Testing
import TestSupport

/// The rules for responses, emails, addresses and codes.
extension LinkRulesTests {
    @Test("The response is the same for every address, and email is queued, not sent in the request")
    func sameAnswer() async throws {
        let deployment = try await Deployment()
        let known = try deployment.emailedLink("ada@example.com")
        #expect(try deployment.verify(known.token).status == 200)
        let waiting = try deployment.redis.jobs().count

        // An address that has signed in, one that has a link, and two unknown ones, of which one cannot receive email.
        #expect(try deployment.requestLink("grace@example.com").status == 200)
        let addresses = ["ada@example.com", "grace@example.com", "alan@example.com", "nobody@nowhere.invalid"]
        let answers = try addresses.map { try deployment.requestLink($0) }
        #expect(answers[0].text == #"{"ok":true}"#)
        #expect(Set(answers.map(\.stableParts)).count == 1)
        let withCode = try addresses.map { try deployment.requestLink($0, ["code": true]) }
        for answer in withCode {
            #expect(answer.text.wholeMatch(of: /\{"ok":true,"request_id":"[A-Za-z0-9_-]{43}"\}/) != nil)
        }
        #expect(Set(withCode.map { Array($0.stableParts.dropLast()) }).count == 1)

        // All jobs are queued, though no worker runs. With a worker but no mail server, the response is the same.
        let jobs = try deployment.redis.jobs()
        #expect(jobs.dropFirst(waiting + 1).map(\.recipient.text) == addresses + addresses)
        let worker = try await Worker(redis: deployment.redis.address, mail: "smtp://localhost:\(try freePort())")
        try await eventually("the worker to find no server") { worker.process.log.contains("mail_server_unavailable") }
        #expect(try deployment.requestLink("ada@example.com").stableParts == answers[0].stableParts)
        // The jobs that the worker has tried wait for a retry.
        let count = "return redis.call('XLEN', KEYS[1]) + redis.call('ZCARD', KEYS[2])"
        let still = try deployment.redis.command("EVAL", count, "2", "postern:mail", "postern:mail:retry")
        #expect(still == "\(jobs.count + 1)")

        // Verification does not reveal either why a token is refused.
        let refused = [known.token, String(repeating: "A", count: 43), "", "nonsense", "\(known.token)="]
        let refusals = try refused.map { try deployment.verify($0) }
        #expect(refusals[0].errorCode == "token_invalid")
        #expect(Set(refusals.map(\.stableParts)).count == 1)
    }

    @Test("Each recipient has a bucket for each client, keyed by HMAC; beyond it, requests get a 429 with the wait")
    func recipientBucket() async throws {
        let limits = [
            "POSTERN_TRUSTED_PROXIES": "127.0.0.1", "POSTERN_IP_LIMIT": "10/10m", "POSTERN_RECIPIENT_LIMIT": "3/15m",
        ]
        let deployment = try await Deployment(limits)
        func requestLink(_ email: String, from client: Int) throws -> RawResponse {
            try deployment.requestLink(email, [:], Deployment.browserFields + ["X-Forwarded-For: 192.0.2.\(client)"])
        }
        let statuses = try (1...5).map { _ in try requestLink("quetzal@example.com", from: 6).status }
        #expect(statuses == [200, 200, 200, 429, 429])
        let limited = try requestLink("Quetzal@Example.com", from: 6)
        #expect(limited.status == 429)
        #expect(limited.errorCode == "rate_limited")
        // The bucket refills by one every 5 minutes.
        let seconds = try #require(limited.json["retryAfter"] as? Int)
        #expect((240...300).contains(seconds))
        #expect(limited["Retry-After"] == "\(seconds)")
        // The client's bucket is not empty: the same client may request a link for another address.
        #expect(try requestLink("grace@example.com", from: 6).status == 200)
        #expect(try deployment.redis.jobs().map(\.recipient.text).count { $0 == "quetzal@example.com" } == 3)
        // Another client has another bucket.
        #expect(try requestLink("quetzal@example.com", from: 7).status == 200)

        let keys = try deployment.redis.command("KEYS", "*").split(whereSeparator: \.isNewline).map(String.init)
        // For each address one of all clients, one of the /24, and one of each client.
        #expect(keys.count { $0.hasPrefix("postern:to:") } == 7)
        for address in ["quetzal@example.com", "grace@example.com"] {
            let digest = Digest.sha256.hex(of: Array(address.utf8))
            // Not even the start of a plain digest, against which addresses could be tried.
            let names = [address, String(address.prefix { $0 != "@" }), "example.com", String(digest.prefix(8))]
            for key in keys { for name in names { #expect(!key.contains(name), "\(key)") } }
        }
        // With another secret key, the same address has another bucket.
        let other = try await Handler(
            redis: deployment.redis.address,
            limits.merging([
                "POSTERN_SECRET_KEYS": "k2:\(Data(7..<39).base64EncodedString())"
            ]) { $1 })
        let fields = "Origin: https://example.com\r\nX-Forwarded-For: 192.0.2.7\r\n"
        #expect(try other.signIn(#"{"email":"quetzal@example.com"}"#, fields: fields).status == 200)
        #expect(try deployment.redis.command("KEYS", "postern:to:*").split(whereSeparator: \.isNewline).count == 10)
    }

    @Test("After 5 wrong codes a code does not work, and its link and the address' other codes do")
    func fiveTries() async throws {
        // The address has several codes at once, and each try comes from another client.
        let deployment = try await Deployment([
            "POSTERN_NEWEST_LINK_ONLY": "off", "POSTERN_TRUSTED_PROXIES": "127.0.0.1", "POSTERN_CODE_LIMIT": "1/1h",
        ])
        var client = 0
        func verify(_ code: String?, _ link: Deployment.RequestedLink) throws -> RawResponse {
            client += 1
            return try deployment.verify(code: code, of: link.codeHandle, ["X-Forwarded-For: 192.0.2.\(client)"])
        }
        let links = try (0..<3).map { _ in try deployment.emailedLink("ada@example.com", ["code": true]) }
        for _ in 0..<5 { #expect(try verify(links[0].wrongCode, links[0]).errorCode == "code_invalid") }
        let answer = try verify(links[0].code, links[0])
        #expect(answer.status == 400)
        #expect(answer.errorCode == "code_invalid")
        #expect(try verify(links[1].code, links[1]).email == "ada@example.com")
        #expect(try deployment.verify(links[0].token).email == "ada@example.com")

        // Four wrong codes do not block the right one.
        let others = try (0..<2).map { _ in try deployment.emailedLink("grace@example.com", ["code": true]) }
        for number in 0..<4 { #expect(try verify(others[number % 2].wrongCode, others[number % 2]).status == 400) }
        #expect(try verify(others[0].code, others[0]).email == "grace@example.com")
    }

    @Test("An address is normalised and validated once, must be ASCII, and is the same value everywhere")
    func oneAddress() async throws {
        let deployment = try await Deployment([
            "POSTERN_SIGNING_KEYS": Handler.signingKey, "POSTERN_RECIPIENT_LIMIT": "3/15m",
        ])
        for email in [
            "a@x.com,b@y.com", "a@x.com;b@y.com", "a@x.com b@y.com", "a@x.com\u{0}", "a@x.com\r\nBcc: b@y.com",
            "ada\u{FF20}example.com", "\u{212A}im@example.com", "k\u{131}m@example.com", "kim@example\u{3002}com",
            "kim@\u{212A}im.example.com", "\u{430}da@example.com", "ada@ex\u{E4}mple.com", "a\u{301}da@example.com",
            "ada@example.com\u{200B}", "\u{202E}ada@example.com", "<ada@example.com>", "Ada <ada@example.com>",
        ] {
            let response = try deployment.requestLink(email)
            #expect(response.status == 400, "\(email)")
            #expect(response.errorCode == "validation_error", "\(email)")
            #expect(response.issuePaths == ["email"], "\(email)")
        }
        #expect(try deployment.redis.contents() == "")

        let spellings = ["Ada@Example.com", "ADA@EXAMPLE.COM", "ada@example.com"]
        let links = try spellings.map { try deployment.emailedLink($0) }
        #expect(Set(links.map(\.job.recipient.text)) == ["ada@example.com"])
        #expect(try deployment.requestLink("aDa@example.com").status == 429)
        let answer = try deployment.verify(links[2].token)
        #expect(answer.email == "ada@example.com")
        // It ended the earlier ones.
        for link in links.dropLast() { #expect(try deployment.verify(link.token).errorCode == "token_invalid") }
        let assertion = try #require(answer.json["assertion"] as? String).split(separator: ".")
        try #require(assertion.count == 3)
        // The assertion is base64url without padding; Foundation reads base64 with padding.
        let text = assertion[1].replacing("-", with: "+").replacing("_", with: "/")
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        let claims = try JSONSerialization.jsonObject(with: try #require(Data(base64Encoded: text + padding)))
        #expect((claims as? [String: Any])?["sub"] as? String == "ada@example.com")
    }

    @Test("Pages send no referrer, are not stored and load nothing; logs contain no address, token or code")
    func discretion() async throws {
        let deployment = try await Deployment(
            ["POSTERN_LOG_LEVEL": "trace", "POSTERN_SIGNING_KEYS": Handler.signingKey])
        let link = try deployment.emailedLink(
            "quetzal@customer.example", ["code": true, "callback_next": "/invoices/17"])
        let page = try deployment.viewPage(link.token)
        #expect(page.status == 200)
        #expect(page["Content-Security-Policy"]?.hasPrefix("default-src 'none'; ") == true)
        #expect(page["X-Robots-Tag"] == "noindex, nofollow")
        for word in ["://", "src=", "href=", "<script", "<link", "<img", "url(", "@import", "quetzal", "invoices"] {
            #expect(!page.text.contains(word), "\(word)")
        }
        let pressed = try deployment.press(link.token)
        let answer = try deployment.verify(pressed.exchangeToken)
        #expect(answer.email == "quetzal@customer.example")
        for response in [page, pressed, answer, try deployment.viewPage(link.token)] {
            #expect(response["Cache-Control"] == "no-store")
            #expect(response["X-Content-Type-Options"] == "nosniff")
            #expect(response["Set-Cookie"] == nil)
        }
        for response in [page, pressed] { #expect(response["Referrer-Policy"] == "no-referrer") }
        #expect(try deployment.viewPage(link.token)["Referrer-Policy"] == "no-referrer")
        #expect(try deployment.verify(code: link.code, of: link.codeHandle).status == 400)

        let folder = try Folder()
        let worker = try await Worker(
            redis: deployment.redis.address, mail: "maildir://\(folder.path)/mail", ["POSTERN_LOG_LEVEL": "trace"])
        try await eventually("the delivery") { worker.process.log.contains("\"delivered\"") }
        try await eventually("the last line") { deployment.handler.process.log.contains("/auth/verify-code") }
        let assertion = try #require(answer.json["assertion"] as? String)
        let secrets = [
            "quetzal", "customer.example", "invoices", "token=", link.token, pressed.exchangeToken, link.codeHandle,
            assertion, "eyJ",
        ]
        for log in [deployment.handler.process.log, worker.process.log] {
            for secret in secrets { #expect(!log.contains(secret), "\(secret)") }
            // As a whole word, because six digits may be part of a longer number.
            #expect(!log.split { !$0.isLetter && !$0.isNumber }.contains { $0 == link.code ?? "" })
        }
    }

    @Test("Of a browser's links the newest alone works; an expired link's page offers to send another")
    func newestLink() async throws {
        let deployment = try await Deployment()
        // That of RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        let next = [
            "callback_next": "/invoices?page=2", "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        ]
        let (old, new) = (
            try deployment.emailedLink("ada@example.com", next), try deployment.emailedLink("ada@example.com", next)
        )
        let newest = "links that you requested before it stop working"
        #expect(try await delivered(by: deployment).count { !$0.contains(newest) } == 2)
        let superseded = try deployment.viewPage(old.token)
        #expect(superseded.status == 410)
        #expect(superseded.text.contains("A newer link was sent"))
        #expect(try deployment.press(old.token).status == 410)
        #expect(try deployment.verify(old.token, verifier: verifier).errorCode == "token_invalid")
        #expect(try deployment.viewPage(new.token).status == 200)

        try deployment.redis.expire(new.token)
        let expired = try deployment.viewPage(new.token)
        #expect(expired.status == 410)
        for text in ["This link has expired", "name=\"again\"", "value=\"\(new.token)\"", "a…\u{2060}@example.com"] {
            #expect(expired.text.contains(text), "\(text)")
        }
        #expect(!expired.text.contains("ada@example.com"))
        #expect(try deployment.press(new.token).status == 410)
        #expect(try deployment.verify(new.token, verifier: verifier).errorCode == "token_invalid")
        #expect(try deployment.redis.jobs().isEmpty)
        #expect(try deployment.press(new.token, isResend: true).status == 200)
        let again = try #require(try deployment.redis.jobs().first)
        #expect(again.recipient.text == "ada@example.com")
        let pressed = try deployment.press(again.token)
        #expect(pressed["Location"]?.hasSuffix("&next=%2Finvoices%3Fpage%3D2") == true)
        let answer = try deployment.verify(pressed.exchangeToken, verifier: verifier)
        #expect(answer.email == "ada@example.com")
        #expect(answer.json["callback_next"] as? String == next["callback_next"])

        // Without a challenge, a link ends earlier ones when it is used, and the email says so.
        let unbound = try (0..<2).map { _ in try deployment.emailedLink("grace@example.com") }
        #expect(try await delivered(by: deployment).count { $0.contains(newest) } == 2)
        #expect(try deployment.viewPage(unbound[0].token).status == 200)
        #expect(try deployment.verify(unbound[1].token).status == 200)
        #expect(try deployment.verify(unbound[0].token).errorCode == "token_invalid")

        // With POSTERN_NEWEST_LINK_ONLY=off, all links work, and no email says otherwise.
        let lenient = try await Deployment(["POSTERN_NEWEST_LINK_ONLY": "off"])
        let both = try (0..<2).map { _ in try lenient.emailedLink() }
        #expect(try await delivered(by: lenient).count { !$0.contains(newest) } == 2)
        for link in both { #expect(try lenient.verify(link.token).status == 200) }
    }

    @Test("A link works on any device, and its code where it was requested; with a challenge, only with its verifier")
    func otherDevice() async throws {
        let deployment = try await Deployment(["POSTERN_TRUSTED_PROXIES": "127.0.0.1"])
        let desk = ["X-Forwarded-For: 192.0.2.1", "User-Agent: desk", "Accept-Language: de"]
        let phone = ["X-Forwarded-For: 2001:db8::1", "User-Agent: phone", "Accept-Language: fr"]
        func requestedLink(_ members: [String: Any] = [:]) throws -> Deployment.RequestedLink {
            let members = members.merging(["code": true]) { own, _ in own }
            return try deployment.emailedLink("ada@example.com", members, Deployment.browserFields + desk)
        }
        // The link works on any device.
        let first = try requestedLink()
        #expect(try deployment.viewPage(first.token, "GET", phone).status == 200)
        let exchangeToken = try deployment.press(first.token, phone).exchangeToken
        #expect(try deployment.verify(exchangeToken, phone).email == "ada@example.com")

        // The code works where the link was requested, even if the link was opened elsewhere; the page there says so.
        let second = try requestedLink()
        let left = try deployment.press(second.token, phone).exchangeToken
        #expect(try deployment.verify(code: second.code, of: second.codeHandle, desk).email == "ada@example.com")
        #expect(try deployment.verify(left, phone).errorCode == "token_invalid")
        let used = try deployment.viewPage(second.token, "GET", phone)
        #expect(used.status == 410)
        #expect(used.text.contains("href=\"\(Deployment.portal)/\""))
        #expect(used.text.contains("name=\"again\""))

        // With a challenge (that of RFC 7636, appendix B), the link does not work on the phone, but the attempt does
        // not use it up.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        let third = try requestedLink(["code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"])
        let bound = try deployment.press(third.token, phone).exchangeToken
        #expect(try deployment.verify(bound, phone).errorCode == "token_invalid")
        #expect(try deployment.verify(code: third.code, of: third.codeHandle, phone).errorCode == "code_invalid")
        let answer = try deployment.verify(code: third.code, of: third.codeHandle, verifier: verifier, desk)
        #expect(answer.email == "ada@example.com")
    }

    // MARK: -

    /// Runs a worker until the stream is empty, and returns the emails without the soft line breaks of their encoding.
    private func delivered(by deployment: Deployment) async throws -> [String] {
        let folder = try Folder()
        let worker = try await Worker(redis: deployment.redis.address, mail: "maildir://\(folder.path)/mail")
        try await eventually("the emails") { try deployment.redis.command("XLEN", "postern:mail") == "0" }
        #expect(try await worker.stop() == 0)
        let new = "\(folder.path)/mail/new"
        return try FileManager.default.contentsOfDirectory(atPath: new).map {
            try String(contentsOfFile: "\(new)/\($0)", encoding: .utf8).replacing("=\r\n", with: "")
        }
    }
}
