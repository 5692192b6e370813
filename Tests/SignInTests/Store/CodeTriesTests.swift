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
        "the fifth wrong code deletes only the code: link and button still work",
        arguments: [CredentialKind.mailedToken, .exchangeToken])
    func linkStays(kind: CredentialKind) async throws {
        let harness = try await StoreHarness()
        let mail = try await harness.mail()
        try await harness.guess(5, of: mail)
        let credential = try await harness.credential(kind, of: mail)
        #expect(try await harness.store.verify(credential).address == "ada@example.com")
    }

    @Test("tries are counted over all requests for an address, and over all clients")
    func acrossRequests() async throws {
        let harness = try await StoreHarness(isNewestOnly: false)
        let mails = [
            try await harness.mail(to: "ada@example.com"), try await harness.mail(to: "ADA@example.com"),
            try await harness.mail(to: "Ada@Example.Com", for: "https://other.example.com"),
        ]
        for number in 0..<5 {
            try await harness.guess(1, of: mails[number % 3], from: "198.51.100.\(number)")
        }
        for mail in mails {
            let answer = try await harness.verify(code: "271828", of: mail.handle, from: "203.0.113.9")
            #expect(answer.isRefused)
        }
        // A new code does not work either. Otherwise each email would give an attacker five more tries.
        let next = try await harness.mail()
        #expect(try await harness.verify(code: "271828", of: next.handle).isRefused)
        #expect(try await harness.verify(next.token).address == "ada@example.com")
    }

    @Test("tries on a superseded code count for the newer one")
    func acrossMails() async throws {
        let harness = try await StoreHarness()
        for _ in 0..<4 {
            let mail = try await harness.mail()
            try await harness.guess(1, of: mail)
        }
        let last = try await harness.mail()
        try await harness.guess(1, of: last)
        #expect(try await harness.verify(code: "271828", of: last.handle).isRefused)
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
        // The fifth wrong code deleted one of the two codes.
        let stored = [try await harness.hasCode(mails[0]), try await harness.hasCode(mails[1])]
        #expect(stored.count { $0 } == 1)
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
        for _ in 0..<3 {
            let mail = try await harness.mail()
            try await harness.guess(4, of: mail)
            let credential = try await harness.credential(kind, of: mail)
            let answer = try await harness.store.verify(credential)
            #expect(answer.address == "ada@example.com")
            let tries = try await harness.keys("postern:tries:")
            #expect(tries == [])
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

    @Test(
        "wrong codes are remembered at least as long as the code that they were tried on lives",
        arguments: [60, 900, 3600, 7200, 86_400], [0, 86_400])
    func memory(lifetime: Int, retention: Int) async throws {
        let harness = try await StoreHarness(linkLifetime: .seconds(lifetime), retention: .seconds(retention))
        let mail = try await harness.mail()
        for _ in 0..<3 {
            try await harness.guess(1, of: mail)
            let snapshot = try await harness.snapshot()
            let key = try #require(snapshot.entries.keys.first(where: { $0.hasPrefix("postern:tries:") }))
            let tries = try #require(snapshot.entries[key])
            let end = try await harness.value("link.ends", of: mail)
            #expect(end > 0)
            #expect(tries.end >= end)
            // The next wrong code must make the memory longer again.
            try await harness.command("PEXPIRE", key, "30000")
        }
    }
}
