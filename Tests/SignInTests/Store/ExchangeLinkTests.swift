import Cryptography
import Net
import TestSupport
import Testing

@testable import SignIn

@Suite(.timeLimit(.minutes(2)))
struct ExchangeLinkTests {
    private static let day = Duration.seconds(86_400)
    private static let client = IPAddress.v4(0xC000_0201)

    private static func harness() async throws -> StoreHarness {
        try await StoreHarness(retention: ExchangeLinkTests.day)
    }

    // MARK: - The states of a link

    /// The history of a link, and the word for its state.
    enum History: String, Sendable, CaseIterable {
        case live, opened, openedTwice, triedByVerifier, guessed
        case used, usedByCode, usedByExchangeToken, usedThenExpired, usedThenSuperseded
        case expired, openedThenExpired
        case superseded, openedThenSuperseded, supersededThenExpired
        case deleted, neverIssued, codeHandle, exchangeToken, notAToken

        var word: String {
            switch self {
            case .live, .opened, .openedTwice, .triedByVerifier, .guessed: "live"
            case .used, .usedByCode, .usedByExchangeToken, .usedThenExpired, .usedThenSuperseded: "used"
            case .expired, .openedThenExpired: "expired"
            case .superseded, .openedThenSuperseded, .supersededThenExpired: "superseded"
            case .deleted, .neverIssued, .codeHandle, .exchangeToken, .notAToken: "unknown"
            }
        }
    }

    /// Creates a link with this history, and returns its token.
    private func link(_ history: History, in harness: StoreHarness) async throws -> LoginToken? {
        let mail = try await harness.mail(next: "/invoices", challenge: challenge("a"))
        let verifier = try challenge("a")
        switch history {
        case .live: break
        case .opened: _ = try await harness.press(mail)
        case .openedTwice:
            _ = try await harness.press(mail)
            _ = try await harness.press(mail)
        case .triedByVerifier: _ = try await harness.verify(mail.token, challenge: challenge("b"))
        case .guessed: try await harness.guess(5, of: mail)
        case .used: _ = try await harness.verify(mail.token, challenge: verifier)
        case .usedByCode: _ = try await harness.verify(code: "271828", of: mail.handle, challenge: verifier)
        case .usedByExchangeToken: _ = try await harness.verify(try await harness.press(mail), challenge: verifier)
        case .usedThenExpired:
            _ = try await harness.verify(mail.token, challenge: verifier)
            try await harness.expire(mail)
        case .usedThenSuperseded:
            _ = try await harness.verify(mail.token, challenge: verifier)
            _ = try await harness.mail(challenge: verifier)
        case .expired: try await harness.expire(mail)
        case .openedThenExpired:
            _ = try await harness.press(mail)
            try await harness.expire(mail)
        case .superseded: _ = try await harness.mail(challenge: verifier)
        case .openedThenSuperseded:
            _ = try await harness.press(mail)
            _ = try await harness.mail(challenge: verifier)
        case .supersededThenExpired:
            _ = try await harness.mail(challenge: verifier)
            try await harness.expire(mail)
        case .deleted: try await harness.command("DEL", mail.linksKey)
        case .neverIssued: return try LoginToken(random: .system)
        case .codeHandle: return LoginToken(parsing: mail.handle.text)
        case .exchangeToken: return try await harness.press(mail)
        case .notAToken: return nil
        }
        return mail.token
    }

    @Test("inspecting a link returns its state, and changes nothing", arguments: History.allCases)
    func state(history: History) async throws {
        let harness = try await ExchangeLinkTests.harness()
        let token = try await link(history, in: harness)
        let before = try await harness.snapshot()
        for _ in 0..<3 {
            let state = try await harness.store.state(of: token)
            #expect(state.word == history.word)
            if history.word == "unknown" {
                #expect(state.record == nil)
            } else {
                // The record is complete, so that another link can be sent for the same request.
                #expect(state.record?.email.text == "ada@example.com")
                #expect(state.record?.origin.description == "https://portal.example.com")
                #expect(state.record?.next?.text == "/invoices")
                #expect(try state.record?.challenge == challenge("a"))
            }
        }
        #expect(try await harness.snapshot() == before)
    }

    @Test(
        "only a live link is exchanged; for others the state is returned, and nothing changes",
        arguments: History.allCases)
    func exchange(history: History) async throws {
        let harness = try await ExchangeLinkTests.harness()
        let token = try await link(history, in: harness)
        let exchangeToken = try LoginToken(at: token?.place, random: .system)
        let before = try await harness.snapshot()
        let result = try await harness.store.exchange(token, for: exchangeToken, from: ExchangeLinkTests.client)
        let after = try await harness.snapshot()
        guard history.word == "live" else {
            #expect(result.word == history.word)
            #expect(after == before)
            #expect(try await harness.verify(exchangeToken, challenge: challenge("a")).isRefused)
            return
        }
        guard case .exchanged(let record) = result, let token else {
            Issue.record("\(history): it was not exchanged")
            return
        }
        #expect(record.email.text == "ada@example.com")
        #expect(record.next?.text == "/invoices")
        let linksKey = "postern:links:\(token.place.text)"
        #expect(after.changes(since: before) == [linksKey])
        // Its time to live is unchanged.
        #expect(after.entries[linksKey]?.end == before.entries[linksKey]?.end)
        let answer = try await harness.verify(exchangeToken, challenge: challenge("a"))
        #expect(answer.address == "ada@example.com")
        #expect(answer.person?.id == String(token.digest.prefix(32)))
    }

    @Test("a link without retention is unknown once it has expired")
    func noRetention() async throws {
        let harness = try await StoreHarness()
        let mail = try await harness.mail()
        #expect(try await harness.store.state(of: mail.token).word == "live")
        try await harness.expire(mail)
        #expect(try await harness.store.state(of: mail.token).word == "unknown")
    }

    @Test(
        "a link works until its end, which is given in milliseconds",
        arguments: [(60_000, "live"), (0, "expired"), (-1000, "expired"), (-86_000_000, "expired")])
    func boundary(left: Int, word: String) async throws {
        let harness = try await ExchangeLinkTests.harness()
        let mail = try await harness.mail()
        try await harness.edit(mail, "link.ends = now_ms + \(left)")
        #expect(try await harness.store.state(of: mail.token).word == word)
        let exchangeToken = try mail.newExchangeToken()
        let result = try await harness.store.exchange(mail.token, for: exchangeToken, from: nil)
        #expect(result.word == (word == "live" ? "exchanged" : word))
    }

    // MARK: - Exchange tokens

    @Test("an exchange token works for a minute, even if the link expires meanwhile")
    func exchangeTokenLifetime() async throws {
        let harness = try await ExchangeLinkTests.harness()
        let mail = try await harness.mail()
        // The button is pressed twenty seconds before the link expires.
        try await harness.pass(.seconds(880))
        let exchangeToken = try await harness.press(mail)
        let left = try await harness.value("link.exchange.ends - now_ms", of: mail)
        #expect((30_000...60_000).contains(left))
        try await harness.expire(mail)
        #expect(try await harness.store.state(of: mail.token).word == "expired")
        #expect(try await harness.verify(mail.token).isRefused)
        #expect(try await harness.verify(code: "271828", of: mail.handle).isRefused)
        #expect(try await harness.verify(exchangeToken).address == "ada@example.com")
        #expect(try await harness.store.state(of: mail.token).word == "used")
    }

    @Test("an exchange token that is not used within a minute expires, and the button gives another")
    func exchangeTokenExpires() async throws {
        let harness = try await ExchangeLinkTests.harness()
        let mail = try await harness.mail()
        let exchangeToken = try await harness.press(mail)
        try await harness.pass(.seconds(61))
        #expect(try await harness.verify(exchangeToken).isRefused)
        let next = try await harness.press(mail)
        #expect(try await harness.verify(next).address == "ada@example.com")
    }

    @Test("of the exchange tokens of one link only the last works, in whatever order they are presented")
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

    @Test("once exchanged, the mailed token is refused, even after the exchange token has expired")
    func exchanged() async throws {
        let harness = try await ExchangeLinkTests.harness()
        let mail = try await harness.mail()
        _ = try await harness.press(mail)
        #expect(try await harness.verify(mail.token).isRefused)
        try await harness.pass(.seconds(61))
        #expect(try await harness.verify(mail.token).isRefused)
        // The code still works.
        #expect(try await harness.verify(code: "271828", of: mail.handle).address == "ada@example.com")
    }

    @Test("signing in with the code ends the exchange token and the button, too")
    func code() async throws {
        let harness = try await ExchangeLinkTests.harness()
        let mail = try await harness.mail()
        let exchangeToken = try await harness.press(mail)
        #expect(try await harness.verify(code: "271828", of: mail.handle).address == "ada@example.com")
        #expect(try await harness.verify(exchangeToken).isRefused)
        let result = try await harness.store.exchange(mail.token, for: try mail.newExchangeToken(), from: nil)
        #expect(result.word == "used")
    }

    @Test("an exchange token works only for its own link")
    func own() async throws {
        let harness = try await ExchangeLinkTests.harness()
        let ada = try await harness.mail(to: "ada@example.com")
        let bob = try await harness.mail(to: "bob@example.com")
        let tokenOfAda = try await harness.press(ada)
        let tokenOfBob = try await harness.press(bob)
        #expect(try await harness.verify(tokenOfBob).address == "bob@example.com")
        #expect(try await harness.verify(tokenOfAda).address == "ada@example.com")
        // Write access to Redis does not make one lead to another link's record.
        let third = try await harness.mail(to: "eve@example.com")
        let tokenOfEve = try await harness.press(third)
        let fourth = try await harness.mail(to: "ada@example.com")
        _ = try await harness.press(fourth)
        try await harness.command("COPY", fourth.linksKey, third.linksKey, "REPLACE")
        #expect(try await harness.verify(tokenOfEve).isRefused)
    }

    // MARK: - Calls

    @Test("inspecting and exchanging a link are one call of a script each, whatever the result")
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
        // Without a token there is no call.
        _ = try await harness.store.state(of: nil)
        #expect(try harness.server.callCount(of: "evalsha") == calls + 3)
        #expect(try harness.server.callCount(of: "eval") == 0)
    }
}
