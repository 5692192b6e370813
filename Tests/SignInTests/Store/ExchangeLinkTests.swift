@testable import SignIn
import Cryptography
import Net
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(2)))
struct ExchangeLinkTests {
    private static let day = Duration.seconds(86_400)
    private static let client = IPAddress.v4(0xC000_0201)

    private static func harness() async throws -> StoreHarness {
        try await StoreHarness(retention: ExchangeLinkTests.day)
    }

    // MARK: - What became of a link

    /// What may have become of a link, and the word for it.
    enum Fate: String, Sendable, CaseIterable {
        case live, opened, openedTwice, triedByVerifier, guessed
        case used, usedByCode, usedByFresh, usedThenExpired, usedThenSuperseded
        case expired, openedThenExpired
        case superseded, openedThenSuperseded, supersededThenExpired
        case gone, never, request, fresh, notAToken

        var word: String {
            switch self {
            case .live, .opened, .openedTwice, .triedByVerifier, .guessed: "live"
            case .used, .usedByCode, .usedByFresh, .usedThenExpired, .usedThenSuperseded: "used"
            case .expired, .openedThenExpired: "expired"
            case .superseded, .openedThenSuperseded, .supersededThenExpired: "ended"
            case .gone, .never, .request, .fresh, .notAToken: "unknown"
            }
        }
    }

    /// Makes a link that this became of, and gives its token.
    private func link(_ fate: Fate, in harness: StoreHarness) async throws -> LoginToken? {
        let mail = try await harness.mail(next: "/invoices", challenge: challenge("a"))
        let verifier = try challenge("a")
        switch fate {
        case .live: break
        case .opened: _ = try await harness.press(mail)
        case .openedTwice:
            _ = try await harness.press(mail)
            _ = try await harness.press(mail)
        case .triedByVerifier: _ = try await harness.verify(mail.token, challenge: challenge("b"))
        case .guessed: try await harness.guess(5, of: mail)
        case .used: _ = try await harness.verify(mail.token, challenge: verifier)
        case .usedByCode: _ = try await harness.verify(code: "271828", of: mail.handle, challenge: verifier)
        case .usedByFresh: _ = try await harness.verify(try await harness.press(mail), challenge: verifier)
        case .usedThenExpired:
            _ = try await harness.verify(mail.token, challenge: verifier)
            try await harness.expire(mail)
        case .usedThenSuperseded:
            _ = try await harness.verify(mail.token, challenge: verifier)
            _ = try await harness.mail()
        case .expired: try await harness.expire(mail)
        case .openedThenExpired:
            _ = try await harness.press(mail)
            try await harness.expire(mail)
        case .superseded: _ = try await harness.mail()
        case .openedThenSuperseded:
            _ = try await harness.press(mail)
            _ = try await harness.mail()
        case .supersededThenExpired:
            _ = try await harness.mail()
            try await harness.expire(mail)
        case .gone: try await harness.command("PEXPIRE", mail.tokenKey, "0")
        case .never: return try LoginToken(random: .system)
        case .request: return LoginToken(parsing: mail.handle.text)
        case .fresh: return try await harness.press(mail)
        case .notAToken: return nil
        }
        return mail.token
    }

    @Test("to look at a link says what became of it, and changes nothing", arguments: Fate.allCases)
    func state(fate: Fate) async throws {
        let harness = try await ExchangeLinkTests.harness()
        let token = try await link(fate, in: harness)
        let before = try await harness.snapshot()
        for _ in 0..<3 {
            let state = try await harness.store.state(of: token)
            #expect(state.word == fate.word)
            if fate.word == "unknown" {
                #expect(state.record == nil)
            } else {
                // It can still explain itself, and be replaced by another that asks for the same.
                #expect(state.record?.email.text == "ada@example.com")
                #expect(state.record?.origin.description == "https://portal.example.com")
                #expect(state.record?.next?.text == "/invoices")
                #expect(try state.record?.challenge == challenge("a"))
            }
        }
        #expect(try await harness.snapshot() == before)
    }

    @Test("only a live link is opened; another says what became of it, and nothing changes", arguments: Fate.allCases)
    func open(fate: Fate) async throws {
        let harness = try await ExchangeLinkTests.harness()
        let token = try await link(fate, in: harness)
        let fresh = try LoginToken(random: .system)
        let before = try await harness.snapshot()
        let opening = try await harness.store.exchange(token, for: fresh, from: ExchangeLinkTests.client)
        let after = try await harness.snapshot()
        guard fate.word == "live" else {
            #expect(opening.word == fate.word)
            #expect(after == before)
            #expect(try await harness.verify(fresh, challenge: challenge("a")).isRefused)
            return
        }
        guard case .exchanged(let record) = opening, let token else {
            Issue.record("\(fate): it was not opened")
            return
        }
        #expect(record.email.text == "ada@example.com")
        #expect(record.next?.text == "/invoices")
        let mailedKey = "postern:token:\(token.digest)"
        let freshKey = "postern:token:\(fresh.digest)"
        #expect(after.changes(since: before) == [mailedKey, freshKey])
        // Its life is no longer for that.
        #expect(after.entries[mailedKey]?.end == before.entries[mailedKey]?.end)
        let answer = try await harness.verify(fresh, challenge: challenge("a"))
        #expect(answer.address == "ada@example.com")
        #expect(answer.person?.id == String(token.digest.prefix(32)))
    }

    @Test("a link that is kept no longer than it works is unknown afterwards")
    func noRetention() async throws {
        let harness = try await StoreHarness()
        let mail = try await harness.mail()
        #expect(try await harness.store.state(of: mail.token).word == "live")
        try await harness.expire(mail)
        #expect(try await harness.store.state(of: mail.token).word == "unknown")
    }

    @Test(
        "a link is live until its entry has no more to live than it is kept to explain itself",
        arguments: [(86_460_000, "live"), (86_400_000, "expired"), (86_399_000, "expired"), (60_000, "expired")])
    func boundary(left: Int, word: String) async throws {
        let harness = try await ExchangeLinkTests.harness()
        let mail = try await harness.mail()
        try await harness.command("PEXPIRE", mail.tokenKey, "\(left)")
        #expect(try await harness.store.state(of: mail.token).word == word)
        let fresh = try LoginToken(random: .system)
        let opening = try await harness.store.exchange(mail.token, for: fresh, from: nil)
        #expect(opening.word == (word == "live" ? "opened" : word))
    }

    // MARK: - The fresh token

    @Test("a fresh token works for a minute, also where the mailed link expires meanwhile")
    func freshLifetime() async throws {
        let harness = try await ExchangeLinkTests.harness()
        let mail = try await harness.mail()
        // The button is pressed with twenty seconds to go.
        try await harness.pass(.seconds(880))
        let fresh = try await harness.press(mail)
        let left = try await harness.number("PTTL", "postern:token:\(fresh.digest)")
        #expect((30_000...60_000).contains(left))
        try await harness.expire(mail)
        #expect(try await harness.store.state(of: mail.token).word == "expired")
        #expect(try await harness.verify(mail.token).isRefused)
        #expect(try await harness.verify(code: "271828", of: mail.handle).isRefused)
        #expect(try await harness.verify(fresh).address == "ada@example.com")
        #expect(try await harness.store.state(of: mail.token).word == "used")
    }

    @Test("a fresh token that nobody brought in its minute is dead, and the button makes another")
    func freshDies() async throws {
        let harness = try await ExchangeLinkTests.harness()
        let mail = try await harness.mail()
        let fresh = try await harness.press(mail)
        let key = "postern:token:\(fresh.digest)"
        try await harness.command("PEXPIRE", key, "1")
        try await eventually("the fresh token to die") { try await harness.number("EXISTS", key) == 0 }
        #expect(try await harness.verify(fresh).isRefused)
        let next = try await harness.press(mail)
        #expect(try await harness.verify(next).address == "ada@example.com")
    }

    @Test("of the fresh tokens of one link only the last works, in whatever order they are brought")
    func onlyTheLast() async throws {
        let harness = try await ExchangeLinkTests.harness()
        let mail = try await harness.mail()
        let first = try await harness.press(mail)
        #expect(try await harness.verify(first, challenge: challenge("a")).isRefused)
        let second = try await harness.press(mail)
        let third = try await harness.press(mail)
        for token in [first, second, mail.token] {
            let answer = try await harness.verify(token)
            #expect(answer.isRefused)
        }
        #expect(try await harness.verify(third).address == "ada@example.com")
        #expect(try await harness.verify(third).isRefused)
    }

    @Test("once it was changed the mailed token is refused, also when its fresh one has died")
    func handedOver() async throws {
        let harness = try await ExchangeLinkTests.harness()
        let mail = try await harness.mail()
        let fresh = try await harness.press(mail)
        #expect(try await harness.verify(mail.token).isRefused)
        try await harness.command("DEL", "postern:token:\(fresh.digest)")
        #expect(try await harness.verify(mail.token).isRefused)
        // The code stays another way in.
        #expect(try await harness.verify(code: "271828", of: mail.handle).address == "ada@example.com")
    }

    @Test("who signs in by the code ends the fresh token, too, and the button")
    func code() async throws {
        let harness = try await ExchangeLinkTests.harness()
        let mail = try await harness.mail()
        let fresh = try await harness.press(mail)
        #expect(try await harness.verify(code: "271828", of: mail.handle).address == "ada@example.com")
        #expect(try await harness.verify(fresh).isRefused)
        let opening = try await harness.store.exchange(mail.token, for: try LoginToken(random: .system), from: nil)
        #expect(opening.word == "used")
    }

    @Test("a fresh token is good for its own link alone")
    func own() async throws {
        let harness = try await ExchangeLinkTests.harness()
        let ada = try await harness.mail(to: "ada@example.com")
        let bob = try await harness.mail(to: "bob@example.com")
        let freshOfAda = try await harness.press(ada)
        let freshOfBob = try await harness.press(bob)
        #expect(try await harness.verify(freshOfBob).address == "bob@example.com")
        #expect(try await harness.verify(freshOfAda).address == "ada@example.com")
        // Who may write to Redis cannot have one lead to the other's.
        let third = try await harness.mail(to: "eve@example.com")
        let freshOfEve = try await harness.press(third)
        let fourth = try await harness.mail(to: "ada@example.com")
        _ = try await harness.press(fourth)
        try await harness.command("COPY", fourth.tokenKey, third.tokenKey, "REPLACE")
        #expect(try await harness.verify(freshOfEve).isRefused)
    }

    // MARK: - Calls

    @Test("to look at a link and to open it are one call of a script each, whatever becomes of them")
    func oneCall() async throws {
        let harness = try await ExchangeLinkTests.harness()
        let mail = try await harness.mail()
        let calls = try harness.server.callCount(of: "evalsha")
        _ = try await harness.store.state(of: mail.token)
        #expect(try harness.server.callCount(of: "evalsha") == calls + 1)
        _ = try await harness.press(mail)
        #expect(try harness.server.callCount(of: "evalsha") == calls + 2)
        _ = try await harness.store.exchange(nil, for: try LoginToken(random: .system), from: nil)
        #expect(try harness.server.callCount(of: "evalsha") == calls + 3)
        // There is nothing to look for.
        _ = try await harness.store.state(of: nil)
        #expect(try harness.server.callCount(of: "evalsha") == calls + 3)
        #expect(try harness.server.callCount(of: "eval") == 0)
    }
}
