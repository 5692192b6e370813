import Cryptography
import Foundation
import MailQueue
import Net
import Testing
import TestSupport

/// The rules of what is told and mailed, and to whom.
extension LinkRulesTests {
    @Test("The same answer; mail is queued, never sent inline")
    func sameAnswer() async throws {
        let deployment = try await Deployment()
        let known = try deployment.mailed("ada@example.com")
        #expect(try deployment.verify(known.token).status == 200)
        let waiting = try deployment.redis.jobs().count

        // One who has signed in, one who has a link, and two of whom nothing is known, one where no mail is taken.
        #expect(try deployment.ask("grace@example.com").status == 200)
        let addresses = ["ada@example.com", "grace@example.com", "alan@example.com", "nobody@nowhere.invalid"]
        let answers = try addresses.map { try deployment.ask($0) }
        #expect(answers[0].text == #"{"ok":true}"#)
        #expect(Set(answers.map(\.lasting)).count == 1)
        let withCode = try addresses.map { try deployment.ask($0, ["code": true]) }
        for answer in withCode {
            #expect(answer.text.wholeMatch(of: /\{"ok":true,"request_id":"[A-Za-z0-9_-]{43}"\}/) != nil)
        }
        #expect(Set(withCode.map { Array($0.lasting.dropLast()) }).count == 1)

        // All mails wait, though nobody takes them; and it is the same where their server is away.
        let jobs = try deployment.redis.jobs()
        #expect(jobs.dropFirst(waiting + 1).map(\.recipient.text) == addresses + addresses)
        let worker = try await Worker(redis: deployment.redis.address, mail: "smtp://localhost:\(try freePort())")
        try await eventually("the worker to find no server") { worker.process.log.contains("mail_server_unavailable") }
        #expect(try deployment.ask("ada@example.com").lasting == answers[0].lasting)
        // What the worker has tried waits for another attempt.
        let count = "return redis.call('XLEN', KEYS[1]) + redis.call('ZCARD', KEYS[2])"
        let still = try deployment.redis.command("EVAL", count, "2", "postern:mail", "postern:mail:retry")
        #expect(still == "\(jobs.count + 1)")

        // Nor does the other end of the way tell one dead link from another.
        let dead = [known.token, String(repeating: "A", count: 43), "", "nonsense", "\(known.token)="]
        let refusals = try dead.map { try deployment.verify($0) }
        #expect(refusals[0].errorCode == "token_invalid")
        #expect(Set(refusals.map(\.lasting)).count == 1)
    }

    @Test("A bucket per recipient, keyed by HMAC; 429 and a time")
    func recipientBucket() async throws {
        let limits = [
            "POSTERN_TRUSTED_PROXIES": "127.0.0.1", "POSTERN_IP_LIMIT": "10/10m", "POSTERN_RECIPIENT_LIMIT": "3/15m",
        ]
        let deployment = try await Deployment(limits)
        func ask(_ email: String, from client: Int) throws -> RawResponse {
            try deployment.ask(email, [:], Deployment.browser + ["X-Forwarded-For: 192.0.2.\(client)"])
        }
        let statuses = try (1...5).map { try ask("quetzal@example.com", from: $0).status }
        #expect(statuses == [200, 200, 200, 429, 429])
        let limited = try ask("Quetzal@Example.com", from: 6)
        #expect(limited.status == 429)
        #expect(limited.errorCode == "rate_limited")
        // A third of 15 minutes brings the next one.
        let seconds = try #require(limited.json["retryAfter"] as? Int)
        #expect((240...300).contains(seconds))
        #expect(limited["Retry-After"] == "\(seconds)")
        // It is not the client's bucket that is empty: the same client may ask for another address.
        #expect(try ask("grace@example.com", from: 6).status == 200)
        #expect(try deployment.redis.jobs().map(\.recipient.text).count { $0 == "quetzal@example.com" } == 3)

        let keys = try deployment.redis.command("KEYS", "*").split(whereSeparator: \.isNewline).map(String.init)
        #expect(keys.count { $0.hasPrefix("postern:to:") } == 2)
        for address in ["quetzal@example.com", "grace@example.com"] {
            let digest = Digest.sha256.hex(of: Array(address.utf8))
            // Not even the start of a digest: whoever reads Redis could try addresses on it.
            let names = [address, String(address.prefix { $0 != "@" }), "example.com", String(digest.prefix(8))]
            for key in keys { for name in names { #expect(!key.contains(name), "\(key)") } }
        }
        // The same address under another key is another bucket.
        let other = try await Handler(
            redis: deployment.redis.address,
            limits.merging([
                "POSTERN_SECRET_KEYS": "k2:\(Data([UInt8](repeating: 7, count: 32)).base64EncodedString())"
            ]) { $1 })
        let fields = "Origin: https://example.com\r\nX-Forwarded-For: 192.0.2.7\r\n"
        #expect(try other.signIn(#"{"email":"quetzal@example.com"}"#, fields: fields).status == 200)
        #expect(try deployment.redis.command("KEYS", "postern:to:*").split(whereSeparator: \.isNewline).count == 3)
    }

    @Test("At most 5 tries across codes, then destroyed")
    func fiveTries() async throws {
        // Several codes of an address at once, and the next try from another client each time.
        let deployment = try await Deployment([
            "POSTERN_NEWEST_LINK_ONLY": "off", "POSTERN_TRUSTED_PROXIES": "127.0.0.1", "POSTERN_CODE_LIMIT": "1/1h",
        ])
        var client = 0
        func verify(_ code: String?, _ mail: Deployment.Asked) throws -> RawResponse {
            client += 1
            return try deployment.verify(code: code, of: mail.requestID, ["X-Forwarded-For: 192.0.2.\(client)"])
        }
        let mails = try (0..<3).map { _ in try deployment.mailed("ada@example.com", ["code": true]) }
        for mail in [mails[0], mails[1], mails[0], mails[1], mails[1]] {
            #expect(try verify(mail.wrongCode, mail).errorCode == "code_invalid")
        }
        let request = "postern:request:\(digest(of: mails[1].requestID))"
        #expect(try deployment.redis.command("EXISTS", request) == "0")
        let later = try deployment.mailed("ada@example.com", ["code": true])
        for mail in mails + [later] {
            let answer = try verify(mail.code, mail)
            #expect(answer.status == 400)
            #expect(answer.errorCode == "code_invalid")
        }
        // The links are as good as before, and who signs in by one can use codes again.
        #expect(try deployment.verify(mails[0].token).email == "ada@example.com")
        let after = try deployment.mailed("ada@example.com", ["code": true])
        #expect(try verify(after.code, after).email == "ada@example.com")

        // Four are no harm.
        let others = try (0..<2).map { _ in try deployment.mailed("grace@example.com", ["code": true]) }
        for number in 0..<4 { #expect(try verify(others[number % 2].wrongCode, others[number % 2]).status == 400) }
        #expect(try verify(others[0].code, others[0]).email == "grace@example.com")
    }

    @Test("Normalise, validate, then one value everywhere; ASCII only")
    func oneAddress() async throws {
        let deployment = try await Deployment([
            "POSTERN_SIGNING_KEYS": Handler.secretKey, "POSTERN_RECIPIENT_LIMIT": "3/15m",
        ])
        for email in [
            "a@x.com,b@y.com", "a@x.com;b@y.com", "a@x.com b@y.com", "a@x.com\u{0}", "a@x.com\r\nBcc: b@y.com",
            "ada\u{FF20}example.com", "\u{212A}im@example.com", "k\u{131}m@example.com", "kim@example\u{3002}com",
            "kim@\u{212A}im.example.com", "\u{430}da@example.com", "ada@ex\u{E4}mple.com", "a\u{301}da@example.com",
            "ada@example.com\u{200B}", "\u{202E}ada@example.com", "<ada@example.com>", "Ada <ada@example.com>",
        ] {
            let response = try deployment.ask(email)
            #expect(response.status == 400, "\(email)")
            #expect(response.errorCode == "validation_error", "\(email)")
            #expect(response.issuePaths == ["email"], "\(email)")
        }
        #expect(try deployment.redis.contents() == "")

        let spellings = ["Ada@Example.com", "ADA@EXAMPLE.COM", "ada@example.com"]
        let mails = try spellings.map { try deployment.mailed($0) }
        #expect(Set(mails.map(\.job.recipient.text)) == ["ada@example.com"])
        #expect(try deployment.ask("aDa@example.com").status == 429)
        // Each ended the one before.
        for mail in mails.dropLast() { #expect(try deployment.verify(mail.token).errorCode == "token_invalid") }
        let answer = try deployment.verify(mails[2].token)
        #expect(answer.email == "ada@example.com")
        let assertion = try #require(answer.json["assertion"] as? String).split(separator: ".")
        try #require(assertion.count == 3)
        // Base64url without padding; base64 has other letters for two values, and ends with a whole group.
        let text = assertion[1].replacing("-", with: "+").replacing("_", with: "/")
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        let claims = try JSONSerialization.jsonObject(with: try #require(Data(base64Encoded: text + padding)))
        #expect((claims as? [String: Any])?["sub"] as? String == "ada@example.com")
    }

    @Test("no-referrer, no-store, nothing third-party, redacted logs")
    func discretion() async throws {
        let deployment = try await Deployment([
            "POSTERN_LOG_LEVEL": "trace", "POSTERN_SIGNING_KEYS": Handler.secretKey,
        ])
        let mail = try deployment.mailed("quetzal@customer.example", ["code": true, "callback_next": "/invoices/17"])
        let page = try deployment.look(mail.token)
        #expect(page.status == 200)
        #expect(page["Content-Security-Policy"]?.hasPrefix("default-src 'none'; ") == true)
        #expect(page["X-Robots-Tag"] == "noindex, nofollow")
        for word in ["://", "src=", "href=", "<script", "<link", "<img", "url(", "@import", "quetzal", "invoices"] {
            #expect(!page.text.contains(word), "\(word)")
        }
        let pressed = try deployment.press(mail.token)
        let answer = try deployment.verify(pressed.freshToken)
        #expect(answer.email == "quetzal@customer.example")
        for response in [page, pressed, answer, try deployment.look(mail.token)] {
            #expect(response["Cache-Control"] == "no-store")
            #expect(response["X-Content-Type-Options"] == "nosniff")
            #expect(response["Set-Cookie"] == nil)
        }
        for response in [page, pressed, try deployment.look(mail.token)] {
            #expect(response["Referrer-Policy"] == "no-referrer")
        }
        #expect(try deployment.verify(code: mail.code, of: mail.requestID).status == 400)

        let folder = try Folder()
        let worker = try await Worker(
            redis: deployment.redis.address, mail: "maildir://\(folder.path)/mail", ["POSTERN_LOG_LEVEL": "trace"])
        try await eventually("the delivery") { worker.process.log.contains("\"delivered\"") }
        try await eventually("the last line") { deployment.handler.process.log.contains("/auth/verify-code") }
        let assertion = try #require(answer.json["assertion"] as? String)
        for log in [deployment.handler.process.log, worker.process.log] {
            for secret in [
                "quetzal", "customer.example", "invoices", "token=", mail.token, pressed.freshToken, mail.requestID,
                assertion, "eyJ",
            ] {
                #expect(!log.contains(secret), "\(secret)")
            }
            // By itself: six digits may well be part of a number.
            let words = log.split { !$0.isLetter && !$0.isNumber }
            #expect(!words.contains { $0 == mail.code ?? "" })
        }
    }

    @Test("The newest link wins, and the mail says so; an expired link keeps address and next and offers another")
    func newestLink() async throws {
        let deployment = try await Deployment()
        let next = ["callback_next": "/invoices?page=2"]
        let (old, new) = (
            try deployment.mailed("ada@example.com", next), try deployment.mailed("ada@example.com", next)
        )
        #expect(try await delivered(by: deployment).count { $0.contains("only the newest one works") } == 2)
        let ended = try deployment.look(old.token)
        #expect(ended.status == 410)
        #expect(ended.text.contains("A newer link was sent"))
        #expect(try deployment.press(old.token).status == 410)
        #expect(try deployment.verify(old.token).errorCode == "token_invalid")
        #expect(try deployment.look(new.token).status == 200)

        try deployment.redis.expire(new.token)
        let expired = try deployment.look(new.token)
        #expect(expired.status == 410)
        for text in ["This link has expired", "name=\"again\"", "value=\"\(new.token)\"", "a…\u{2060}@example.com"] {
            #expect(expired.text.contains(text), "\(text)")
        }
        #expect(!expired.text.contains("ada@example.com"))
        #expect(try deployment.press(new.token).status == 410)
        #expect(try deployment.verify(new.token).errorCode == "token_invalid")
        #expect(try deployment.redis.jobs().isEmpty)
        #expect(try deployment.press(new.token, isForAgain: true).status == 200)
        let again = try #require(try deployment.redis.jobs().first)
        #expect(again.recipient.text == "ada@example.com")
        let pressed = try deployment.press(again.token)
        #expect(pressed["Location"]?.hasSuffix("&next=%2Finvoices%3Fpage%3D2") == true)
        let answer = try deployment.verify(pressed.freshToken)
        #expect(answer.email == "ada@example.com")
        #expect(answer.json["callback_next"] as? String == next["callback_next"])

        // Where several may work, they do, and no mail says otherwise.
        let lenient = try await Deployment(["POSTERN_NEWEST_LINK_ONLY": "off"])
        let both = try (0..<2).map { _ in try lenient.mailed() }
        #expect(try await delivered(by: lenient).count { !$0.contains("only the newest one works") } == 2)
        for mail in both { #expect(try lenient.verify(mail.token).status == 200) }
    }

    @Test("ExchangeResult on another device is not a dead end")
    func otherDevice() async throws {
        let deployment = try await Deployment(["POSTERN_TRUSTED_PROXIES": "127.0.0.1"])
        let desk = ["X-Forwarded-For: 192.0.2.1", "User-Agent: desk", "Accept-Language: de"]
        let phone = ["X-Forwarded-For: 2001:db8::1", "User-Agent: phone", "Accept-Language: fr"]
        func asked(_ members: [String: Any] = [:]) throws -> Deployment.Asked {
            let members = members.merging(["code": true]) { own, _ in own }
            return try deployment.mailed("ada@example.com", members, Deployment.browser + desk)
        }
        // The link opens wherever the mail is read.
        let first = try asked()
        #expect(try deployment.look(first.token, "GET", phone).status == 200)
        let fresh = try deployment.press(first.token, phone).freshToken
        #expect(try deployment.verify(fresh, phone).email == "ada@example.com")

        // The code signs in where the link was asked for, also when it was opened elsewhere; the page there says so.
        let second = try asked()
        let left = try deployment.press(second.token, phone).freshToken
        #expect(try deployment.verify(code: second.code, of: second.requestID, desk).email == "ada@example.com")
        #expect(try deployment.verify(left, phone).errorCode == "token_invalid")
        let used = try deployment.look(second.token, "GET", phone)
        #expect(used.status == 410)
        #expect(used.text.contains("href=\"\(Deployment.portal)/\""))
        #expect(used.text.contains("name=\"again\""))

        // Bound to the browser at the desk (the pair of RFC 7636, appendix B), the link does not sign in on the phone,
        // and is not lost by that.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        let third = try asked(["code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"])
        let bound = try deployment.press(third.token, phone).freshToken
        #expect(try deployment.verify(bound, phone).errorCode == "token_invalid")
        #expect(try deployment.verify(code: third.code, of: third.requestID, phone).errorCode == "code_invalid")
        let answer = try deployment.verify(code: third.code, of: third.requestID, verifier: verifier, desk)
        #expect(answer.email == "ada@example.com")
    }

    // MARK: -

    /// Has a worker deliver what waits, and gives the mails without the line ends that their encoding put in.
    private func delivered(by deployment: Deployment) async throws -> [String] {
        let folder = try Folder()
        let worker = try await Worker(redis: deployment.redis.address, mail: "maildir://\(folder.path)/mail")
        try await eventually("the mails") { try deployment.redis.command("XLEN", "postern:mail") == "0" }
        #expect(try await worker.stop() == 0)
        let new = "\(folder.path)/mail/new"
        return try FileManager.default.contentsOfDirectory(atPath: new).map {
            try String(contentsOfFile: "\(new)/\($0)", encoding: .utf8).replacing("=\r\n", with: "")
        }
    }
}
