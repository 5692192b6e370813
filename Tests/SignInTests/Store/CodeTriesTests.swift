@testable import SignIn
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(2)))
struct CodeTriesTests {
    private static let day = Duration.seconds(86_400)

    // MARK: - Five

    @Test("the right code works after four wrong ones, and not after five", arguments: 0...6)
    func five(wrong: Int) async throws {
        let harness = try await StoreHarness()
        let mail = try await harness.mail()
        try await harness.guess(wrong, of: mail)
        let answer = try await harness.verify(code: "271828", of: mail.handle)
        #expect(answer.isRefused == (wrong >= 5))
        let isThere = try await harness.number("EXISTS", mail.requestKey)
        #expect(isThere == (wrong >= 5 ? 0 : 1))
    }

    @Test("the fifth wrong code ends the code alone: link and button still work", arguments: [Way.mailed, .fresh])
    func linkStays(way: Way) async throws {
        let harness = try await StoreHarness()
        let mail = try await harness.mail()
        try await harness.guess(5, of: mail)
        let bearer = try await harness.bearer(of: mail, by: way)
        #expect(try await harness.store.verify(bearer).address == "ada@example.com")
    }

    @Test("tries are counted over all requests of an address, and over all who try")
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
        // Nor is one any good that is asked for now: each mail would give a guesser five tries more.
        let next = try await harness.mail()
        #expect(try await harness.verify(code: "271828", of: next.handle).isRefused)
        #expect(try await harness.verify(next.token).address == "ada@example.com")
    }

    @Test("tries on a code that a newer mail ended count for the newer one")
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

    @Test("tries for one address are none for another")
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

    @Test("of 60 right codes and 4 wrong ones at once, one lets in")
    func fourAtOnce() async throws {
        let harness = try await StoreHarness()
        let mail = try await harness.mail()
        let wrong = try sixDigits("000000")
        let answers = try await harness.atOnce { store, index in
            try await store.verify(.code(index % 16 == 0 ? wrong : mail.code, of: mail.handle))
        }
        #expect(answers.compactMap(\.address) == ["ada@example.com"])
    }

    @Test("of 64 wrong codes at once, over several requests, as many are looked at as one after another")
    func manyAtOnce() async throws {
        let harness = try await StoreHarness(isNewestOnly: false)
        let mails = [try await harness.mail(), try await harness.mail()]
        let answers = try await harness.atOnce { store, index in
            try await store.verify(.code(try sixDigits("\(800_000 + index)"), of: mails[index % 2].handle))
        }
        #expect(answers.allSatisfy { $0.isRefused })
        for mail in mails {
            let answer = try await harness.verify(code: "271828", of: mail.handle)
            #expect(answer.isRefused)
        }
        // Of two requests one met its fifth.
        #expect(try await harness.keys("postern:request:").count == 1)
    }

    @Test("after five wrong codes the right one, brought by 64 clients at once, lets nobody in")
    func rightAtOnce() async throws {
        let harness = try await StoreHarness()
        let mail = try await harness.mail()
        try await harness.guess(5, of: mail)
        let answers = try await harness.atOnce { store, index in
            try await store.verify(.code(mail.code, of: mail.handle), from: "198.51.100.\(index)")
        }
        #expect(answers.allSatisfy { $0.isRefused })
    }

    // MARK: - Forgetting

    @Test("who signs in, whichever way, is let off the wrong codes before", arguments: Way.allCases)
    func reset(way: Way) async throws {
        let harness = try await StoreHarness()
        for _ in 0..<3 {
            let mail = try await harness.mail()
            try await harness.guess(4, of: mail)
            let bearer = try await harness.bearer(of: mail, by: way)
            let answer = try await harness.store.verify(bearer)
            #expect(answer.address == "ada@example.com")
            let tries = try await harness.keys("postern:tries:")
            #expect(tries == [])
        }
    }

    @Test("who signs in by a link is let off five wrong codes, too")
    func resetAfterFive() async throws {
        let harness = try await StoreHarness()
        let guessed = try await harness.mail()
        try await harness.guess(5, of: guessed)
        #expect(try await harness.verify(guessed.token).address == "ada@example.com")
        let next = try await harness.mail()
        try await harness.guess(4, of: next)
        #expect(try await harness.verify(code: "271828", of: next.handle).address == "ada@example.com")
    }

    @Test("to open a link, or to fail by one, lets nobody off", arguments: [false, true])
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

    @Test("another's sign-in lets nobody off")
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
        "wrong codes are remembered at least as long as the code lives that they were tried on, from the last one on",
        arguments: [60, 900, 3600, 7200, 86_400], [0, 86_400])
    func memory(lifetime: Int, retention: Int) async throws {
        let harness = try await StoreHarness(linkLifetime: .seconds(lifetime), retention: .seconds(retention))
        let mail = try await harness.mail()
        for _ in 0..<3 {
            try await harness.guess(1, of: mail)
            let snapshot = try await harness.snapshot()
            let key = try #require(snapshot.entries.keys.first(where: { $0.hasPrefix("postern:tries:") }))
            let tries = try #require(snapshot.entries[key])
            let code = try #require(snapshot.entries[mail.requestKey])
            #expect(code.end > 0)
            #expect(tries.end >= code.end)
            // Otherwise they might be forgotten before the next.
            try await harness.command("PEXPIRE", key, "30000")
        }
    }

    @Test("a code, like the link, is kept no longer than it works")
    func codeLifetime() async throws {
        let harness = try await StoreHarness(retention: CodeTriesTests.day)
        let mail = try await harness.mail()
        let snapshot = try await harness.snapshot()
        let code = try #require(snapshot.entries[mail.requestKey])
        let token = try #require(snapshot.entries[mail.tokenKey])
        // They are set one after the other.
        #expect(abs(code.end - (token.end - harness.retention)) <= 1000)
    }
}
