import Net
import TestSupport
import Testing

@testable import SignIn

@Suite(.timeLimit(.minutes(2)))
struct CodeTriesTests {
    // MARK: - Five tries

    @Test("the right code works after four wrong ones, and not after five", arguments: 0...6)
    func five(wrong: Int) async throws {
        let harness = try await StoreHarness()
        let mail = try await harness.mail()
        try await harness.guess(wrong, of: mail)
        let answer = try await harness.verify(code: "271828", of: mail.handle)
        #expect(answer.isRefused == (wrong >= 5))
        #expect(try await harness.hasCode(mail) == (wrong < 5))
    }

    @Test(
        "the fifth wrong code ends only the code: link and button still work",
        arguments: [CredentialKind.mailedToken, .exchangeToken])
    func linkStays(kind: CredentialKind) async throws {
        let harness = try await StoreHarness()
        let mail = try await harness.mail()
        try await harness.guess(5, of: mail)
        let credential = try await harness.credential(kind, of: mail)
        #expect(try await harness.store.verify(credential).address == "ada@example.com")
    }

    @Test(
        "each code has its own tries, and 25 wrong ones on codes that one network requested end all of these for a day")
    func ofNetwork() async throws {
        let harness = try await StoreHarness(isNewestOnly: false)
        for number in 0..<5 {
            // Both spellings are one address, and all portals count together.
            let portal = number % 2 == 0 ? "https://portal.example.com" : "https://other.example.com"
            let mail = try await harness.mail(
                to: number % 2 == 0 ? "ada@example.com" : "ADA@example.com", for: portal,
                from: .v4(0xC633_6400 + UInt32(number)))
            try await harness.guess(5, of: mail, from: "203.0.113.\(number)")
        }
        let locked = try await harness.mail(from: .v4(0xC633_64FF))
        #expect(try await harness.verify(code: "271828", of: locked.handle).isRefused)
        #expect(try await harness.hasCode(locked))
        // The owner, in another network, is not affected; nor are links.
        let own = try await harness.mail()
        #expect(try await harness.verify(code: "271828", of: own.handle).address == "ada@example.com")
        #expect(try await harness.verify(locked.token).address == "ada@example.com")
    }

    @Test("tries on codes that a network requested are forgotten after a day")
    func forgotten() async throws {
        let harness = try await StoreHarness(isNewestOnly: false)
        for _ in 0..<5 { try await harness.guess(5, of: try await harness.mail()) }
        try await harness.pass(.seconds(86_000))
        let late = try await harness.mail()
        #expect(try await harness.verify(code: "271828", of: late.handle).isRefused)
        try await harness.pass(.seconds(400))
        let next = try await harness.mail()
        #expect(try await harness.verify(code: "271828", of: next.handle).address == "ada@example.com")
    }

    @Test("250 wrong codes of a recipient end all of its codes, whoever requested them")
    func ofRecipient() async throws {
        let harness = try await StoreHarness(isNewestOnly: false)
        for network in 0..<10 {
            for _ in 0..<5 {
                let mail = try await harness.mail(from: .v4(0xC633_6401 + UInt32(network) << 8))
                try await harness.guess(5, of: mail)
            }
        }
        let own = try await harness.mail()
        let locked = try await harness.verify(code: "271828", of: own.handle)
        #expect(locked.isRefused)
        #expect(try await harness.verify(own.token).address == "ada@example.com")
    }

    @Test("the answer to the try that ends codes says so, and no other does", arguments: [5, 25])
    func locks(tries: Int) async throws {
        let harness = try await StoreHarness(isNewestOnly: false)
        var mail: SentMail?
        for number in 1...tries {
            if number % 5 == 1 { mail = try await harness.mail() }
            guard case .refused(_, _, let locks) = try await harness.verify(code: "000000", of: mail?.handle) else {
                Issue.record("it should be refused")
                return
            }
            #expect(locks == (number % 5 == 0))
        }
    }

    @Test("tries for one address do not count for another")
    func otherAddress() async throws {
        let harness = try await StoreHarness()
        let ada = try await harness.mail(to: "ada@example.com")
        let others = [
            try await harness.mail(to: "bob@example.com"), try await harness.mail(to: "ada@example.org"),
            try await harness.mail(to: "ada+1@example.com"),
        ]
        try await harness.guess(5, of: ada)
        for mail in others {
            let answer = try await harness.verify(code: "271828", of: mail.handle)
            #expect(answer.person != nil)
        }
    }

    // MARK: - At once

    @Test("of 60 right codes and 4 wrong ones at once, one signs in")
    func fourAtOnce() async throws {
        let harness = try await StoreHarness()
        let mail = try await harness.mail()
        let wrong = try sixDigits("000000")
        let answers = try await harness.concurrently { store, index in
            try await store.verify(.code(index % 16 == 0 ? wrong : mail.code, of: mail.handle))
        }
        #expect(answers.compactMap(\.address) == ["ada@example.com"])
    }

    @Test("64 wrong codes at once, over several requests, are counted as if they came one after another")
    func manyAtOnce() async throws {
        let harness = try await StoreHarness(isNewestOnly: false)
        let mails = [try await harness.mail(), try await harness.mail()]
        let answers = try await harness.concurrently { store, index in
            try await store.verify(.code(try sixDigits("\(800_000 + index)"), of: mails[index % 2].handle))
        }
        #expect(answers.allSatisfy { $0.isRefused })
        for mail in mails {
            let answer = try await harness.verify(code: "271828", of: mail.handle)
            #expect(answer.isRefused)
        }
        for mail in mails { #expect(try await harness.value("link.code.tries", of: mail) == 5) }
    }

    @Test("after five wrong codes the right one is refused, even from 64 clients at once")
    func rightAtOnce() async throws {
        let harness = try await StoreHarness()
        let mail = try await harness.mail()
        try await harness.guess(5, of: mail)
        let answers = try await harness.concurrently { store, index in
            try await store.verify(.code(mail.code, of: mail.handle), from: "198.51.100.\(index)")
        }
        #expect(answers.allSatisfy { $0.isRefused })
    }

    // MARK: - Forgetting

    @Test("signing in with any credential resets the count of wrong codes", arguments: CredentialKind.allCases)
    func reset(kind: CredentialKind) async throws {
        let harness = try await StoreHarness()
        for _ in 0..<4 {
            let mail = try await harness.mail()
            try await harness.guess(4, of: mail)
            let credential = try await harness.credential(kind, of: mail)
            let answer = try await harness.store.verify(credential)
            #expect(answer.address == "ada@example.com")
        }
        // Without the resets, these would be the 26th to the 28th.
        for _ in 0..<4 {
            let mail = try await harness.mail()
            try await harness.guess(4, of: mail)
            #expect(try await harness.verify(code: "271828", of: mail.handle).address == "ada@example.com")
        }
    }

    @Test("signing in with a link resets the count even after five wrong codes")
    func resetAfterFive() async throws {
        let harness = try await StoreHarness()
        let guessed = try await harness.mail()
        try await harness.guess(5, of: guessed)
        #expect(try await harness.verify(guessed.token).address == "ada@example.com")
        let next = try await harness.mail()
        try await harness.guess(4, of: next)
        #expect(try await harness.verify(code: "271828", of: next.handle).address == "ada@example.com")
    }

    @Test("neither a press of the button nor a refused token resets the count", arguments: [false, true])
    func notReset(isWrong: Bool) async throws {
        let harness = try await StoreHarness()
        let mail = try await harness.mail()
        try await harness.guess(4, of: mail)
        if isWrong {
            #expect(try await harness.verify(mail.token, challenge: challenge("a")).isRefused)
        } else {
            _ = try await harness.press(mail)
        }
        try await harness.guess(1, of: mail)
        #expect(try await harness.verify(code: "271828", of: mail.handle).isRefused)
    }

    @Test("a sign-in of another address does not reset the count")
    func notResetByAnother() async throws {
        let harness = try await StoreHarness()
        let mail = try await harness.mail()
        try await harness.guess(4, of: mail)
        let other = try await harness.mail(to: "bob@example.com")
        #expect(try await harness.verify(code: "271828", of: other.handle).address == "bob@example.com")
        try await harness.guess(1, of: mail)
        #expect(try await harness.verify(code: "271828", of: mail.handle).isRefused)
    }
}
