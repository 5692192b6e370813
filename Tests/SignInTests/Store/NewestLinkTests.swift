import Cryptography
import Net
import TestSupport
import Testing

@testable import SignIn

@Suite(.timeLimit(.minutes(2)))
struct NewestLinkTests {
    private static let day = Duration.seconds(86_400)

    // MARK: - Superseded links

    @Test(
        "a newer link supersedes the earlier one with all its credentials, and its own credentials work",
        arguments: CredentialKind.allCases, CredentialKind.allCases)
    func superseded(earlier: CredentialKind, later: CredentialKind) async throws {
        let harness = try await StoreHarness(retention: NewestLinkTests.day)
        let first = try await harness.mail()
        let old = try await harness.credential(earlier, of: first)
        let second = try await harness.mail(code: "314159")
        #expect(try await harness.store.state(of: first.token).word == "superseded")
        #expect(try await harness.store.verify(old).isRefused)
        let result = try await harness.store.exchange(first.token, for: try LoginToken(random: .system), from: nil)
        #expect(result.word == "superseded")
        let new = try await harness.credential(later, of: second)
        let answer = try await harness.store.verify(new)
        #expect(answer.address == "ada@example.com")
        #expect(answer.person?.id == String(second.token.digest.prefix(32)))
        // The earlier one still does not work once the later one is used.
        #expect(try await harness.store.verify(old).isRefused)
    }

    /// A second request, and whether it supersedes the first, which is for ada@example.com and
    /// https://portal.example.com.
    struct Second: Sendable {
        let address: String
        let portal: String
        let supersedes: Bool

        init(_ address: String, _ portal: String, supersedes: Bool) {
            self.address = address
            self.portal = portal
            self.supersedes = supersedes
        }
    }

    @Test(
        "a link supersedes those to the same address for the same portal, however both are spelled, and no others",
        arguments: [
            Second("ada@example.com", "https://portal.example.com", supersedes: true),
            Second("ADA@EXAMPLE.COM", "https://portal.example.com", supersedes: true),
            Second("Ada@example.com", "https://PORTAL.Example.com", supersedes: true),
            Second("ada@example.com", "https://portal.example.com:443", supersedes: true),
            Second("ada@example.com", "https://portal.example.com/", supersedes: true),
            Second("ada@example.com", "https://portal.example.com:8443", supersedes: false),
            Second("ada@example.com", "https://other.example.com", supersedes: false),
            Second("ada@example.com", "https://example.com", supersedes: false),
            Second("ada@example.com", "http://portal.example.com", supersedes: false),
            Second("bob@example.com", "https://portal.example.com", supersedes: false),
            Second("ada@example.org", "https://portal.example.com", supersedes: false),
            Second("ada+1@example.com", "https://portal.example.com", supersedes: false),
            Second("a.da@example.com", "https://portal.example.com", supersedes: false),
        ], CredentialKind.allCases)
    func scope(second: Second, kind: CredentialKind) async throws {
        let harness = try await StoreHarness()
        let first = try await harness.mail()
        let credential = try await harness.credential(kind, of: first)
        let other = try await harness.mail(to: second.address, for: second.portal)
        let answer = try await harness.store.verify(credential)
        let expected: String? = second.supersedes ? nil : "ada@example.com"
        #expect(answer.address == expected)
        #expect(answer.isRefused == second.supersedes)
        #expect(try await harness.verify(other.token).address == second.address.lowercased())
    }

    @Test("of many links only the last one for each portal works")
    func many() async throws {
        let harness = try await StoreHarness()
        var mails: [[SentMail]] = [[], []]
        for number in 0..<20 {
            let portal = number % 2
            mails[portal].append(try await harness.mail(for: "https://portal\(portal).example.com"))
        }
        for mail in mails[0].dropLast() + mails[1].dropLast() {
            #expect(try await harness.store.state(of: mail.token).word == "superseded")
            let answers = [
                try await harness.verify(mail.token), try await harness.verify(code: "271828", of: mail.handle),
            ]
            #expect(answers.allSatisfy { $0.isRefused })
        }
        #expect(try await harness.verify(mails[0][9].token).address == "ada@example.com")
        #expect(try await harness.verify(code: "271828", of: mails[1][9].handle).address == "ada@example.com")
    }

    @Test("of 64 links that are requested at once, one works")
    func atOnce() async throws {
        let harness = try await StoreHarness()
        let mails = try await withThrowingTaskGroup(of: SentMail.self) { group in
            for _ in 0..<64 { group.addTask { try await harness.mail() } }
            return try await group.reduce(into: [SentMail]()) { mails, mail in mails.append(mail) }
        }
        let answers = try await harness.concurrently { store, index in
            try await store.verify(.token(mails[index].token))
        }
        #expect(answers.compactMap(\.address) == ["ada@example.com"])
    }

    // MARK: - Links that are not superseded

    @Test("a link that was used stays used", arguments: CredentialKind.allCases)
    func used(kind: CredentialKind) async throws {
        let harness = try await StoreHarness(retention: NewestLinkTests.day)
        let first = try await harness.mail()
        _ = try await harness.store.verify(try await harness.credential(kind, of: first))
        let before = try await harness.snapshot()
        _ = try await harness.mail()
        let after = try await harness.snapshot()
        #expect(after.entries[first.tokenKey] == before.entries[first.tokenKey])
        #expect(try await harness.store.state(of: first.token).word == "used")
    }

    @Test("a link that expired stays expired")
    func expired() async throws {
        let harness = try await StoreHarness(retention: NewestLinkTests.day)
        let first = try await harness.mail()
        try await harness.expire(first)
        // No exchange token can be left either.
        try await harness.pass(.seconds(60))
        let second = try await harness.mail()
        #expect(try await harness.store.state(of: first.token).word == "expired")
        #expect(try await harness.verify(second.token).address == "ada@example.com")
    }

    @Test("a superseded link is kept no longer, and no shorter")
    func lifetime() async throws {
        let harness = try await StoreHarness(retention: NewestLinkTests.day)
        let first = try await harness.mail()
        let before = try await harness.snapshot()
        _ = try await harness.mail()
        let after = try await harness.snapshot()
        #expect(after.entries[first.tokenKey]?.end == before.entries[first.tokenKey]?.end)
        #expect(after.changes(since: before).contains(first.tokenKey))
        #expect(try await harness.store.state(of: first.token).record?.email.text == "ada@example.com")
    }

    @Test("the newest link is remembered for as long as it works", arguments: [60, 900, 86_400], [0, 86_400])
    func memory(lifetime: Int, retention: Int) async throws {
        let harness = try await StoreHarness(linkLifetime: .seconds(lifetime), retention: .seconds(retention))
        let mail = try await harness.mail()
        let entries = try await harness.snapshot().entries
        let newest = try #require(entries.first(where: { $0.key.hasPrefix("postern:newest:") })?.value)
        let token = try #require(entries[mail.tokenKey])
        #expect(newest.end >= token.end - harness.retention)
    }

    @Test("a refused request supersedes nothing", arguments: ["limit", "queue"])
    func refused(by cause: String) async throws {
        let harness = try await StoreHarness(
            limits: .init(client: nil, recipient: cause == "limit" ? limit("1/1d") : nil, deployment: nil),
            maximumQueueLength: cause == "queue" ? 1 : 1000)
        let mail = try await harness.mail()
        let refusal = try await harness.admit(to: "ada@example.com")
        if case .admitted = refusal { Issue.record("it was not refused") }
        #expect(try await harness.verify(mail.token).address == "ada@example.com")
    }

    @Test("a request that is repeated because its reply was lost supersedes nothing, and restores nothing")
    func repeated() async throws {
        let harness = try await StoreHarness()
        let first = try StoreHarness.link()
        let second = try StoreHarness.link()
        _ = try await harness.admit(first)
        _ = try await harness.admit(first)
        #expect(try await harness.store.state(of: first.token).word == "live")
        _ = try await harness.admit(second)
        let before = try await harness.snapshot()
        _ = try await harness.admit(first)
        _ = try await harness.admit(second)
        #expect(try await harness.snapshot() == before)
        #expect(try await harness.verify(first.token).isRefused)
        #expect(try await harness.verify(second.token).address == "ada@example.com")
    }

    // MARK: - Several at once

    @Test("if several links may work at once, each signs in once, in any order")
    func off() async throws {
        let harness = try await StoreHarness(retention: NewestLinkTests.day, isNewestOnly: false)
        let mails = [try await harness.mail(), try await harness.mail(), try await harness.mail()]
        for (mail, kind) in zip(mails.reversed(), CredentialKind.allCases) {
            #expect(try await harness.store.state(of: mail.token).word == "live")
            let credential = try await harness.credential(kind, of: mail)
            let answers = [try await harness.store.verify(credential), try await harness.store.verify(credential)]
            #expect(answers.compactMap(\.person?.id) == [String(mail.token.digest.prefix(32))])
        }
        #expect(try await harness.keys("postern:newest:") == [])
    }

    // MARK: - At the end of a link's life

    @Test("a newer link ends an exchange token even if the link of that token has expired meanwhile")
    func exchangeTokenOfExpired() async throws {
        let harness = try await StoreHarness(retention: NewestLinkTests.day)
        let first = try await harness.mail()
        // The button is pressed twenty seconds before the link expires.
        try await harness.pass(.seconds(880))
        let exchangeToken = try await harness.press(first)
        try await harness.expire(first)
        let second = try await harness.mail()
        #expect(try await harness.verify(exchangeToken).isRefused)
        #expect(try await harness.verify(second.token).address == "ada@example.com")
    }
}
