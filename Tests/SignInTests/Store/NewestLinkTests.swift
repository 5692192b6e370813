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
        "a newer link of the same browser supersedes the earlier one with all its credentials, and its own work",
        arguments: CredentialKind.allCases, CredentialKind.allCases)
    func superseded(earlier: CredentialKind, later: CredentialKind) async throws {
        let harness = try await StoreHarness(retention: NewestLinkTests.day)
        let own = try challenge("a")
        let first = try await harness.mail(challenge: own)
        let old = try await harness.credential(earlier, of: first)
        let second = try await harness.mail(challenge: own, code: "314159")
        #expect(try await harness.store.state(of: first.token).word == "superseded")
        #expect(try await harness.store.verify(old, challenge: own).isRefused)
        let result = try await harness.store.exchange(first.token, for: try first.newExchangeToken(), from: nil)
        #expect(result.word == "superseded")
        let new = try await harness.credential(later, of: second)
        let answer = try await harness.store.verify(new, challenge: own)
        #expect(answer.address == "ada@example.com")
        #expect(answer.person?.id == String(second.token.digest.prefix(32)))
        // The earlier one still does not work once the later one is used.
        #expect(try await harness.store.verify(old, challenge: own).isRefused)
    }

    @Test(
        "a newer link without a challenge, which anybody can request, ends the earlier one once it is used",
        arguments: CredentialKind.allCases, CredentialKind.allCases)
    func supersededByUse(earlier: CredentialKind, later: CredentialKind) async throws {
        let harness = try await StoreHarness(retention: NewestLinkTests.day)
        let (first, second) = (try await harness.mail(), try await harness.mail(code: "314159"))
        let old = try await harness.credential(earlier, of: first)
        #expect(try await harness.store.state(of: first.token).word == "live")
        let answer = try await harness.store.verify(try await harness.credential(later, of: second))
        #expect(answer.person?.id == second.token.id)
        #expect(try await harness.store.state(of: first.token).word == "superseded")
        #expect(try await harness.store.verify(old).isRefused)
        let result = try await harness.store.exchange(first.token, for: try first.newExchangeToken(), from: nil)
        #expect(result.word == "superseded")
    }

    @Test(
        "an earlier link works although a newer one was requested, and does not end that",
        arguments: CredentialKind.allCases)
    func earlierFirst(kind: CredentialKind) async throws {
        let harness = try await StoreHarness(retention: NewestLinkTests.day)
        let (first, second) = (try await harness.mail(), try await harness.mail(code: "314159"))
        #expect(try await harness.store.verify(try await harness.credential(kind, of: first)).address != nil)
        #expect(try await harness.store.verify(try await harness.credential(kind, of: second)).address != nil)
    }

    @Test("requests of strangers push no link of the owner out, from however many networks the limits admit them")
    func strangers() async throws {
        let harness = try await StoreHarness()
        let own = try await harness.mail()
        for number in 0..<47 { _ = try await harness.mail(from: .v4(0xC633_6400 + UInt32(number))) }
        #expect(try await harness.store.state(of: own.token).word == "live")
        // Beyond the maximum, each of these networks pushes out its own.
        for number in 0..<200 { _ = try await harness.mail(from: .v4(0xC633_6400 + UInt32(number % 47))) }
        #expect(try await harness.verify(code: "271828", of: own.handle).address == "ada@example.com")
        let size = try await harness.number("STRLEN", own.linksKey)
        #expect(size < 48 * 1024)
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
        "a link supersedes the one to the same address for the same portal, however both are spelled, and no others",
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
        let own = try challenge("a")
        let first = try await harness.mail(challenge: own)
        let credential = try await harness.credential(kind, of: first)
        let other = try await harness.mail(to: second.address, for: second.portal, challenge: own)
        let answer = try await harness.store.verify(credential, challenge: own)
        let expected: String? = second.supersedes ? nil : "ada@example.com"
        #expect(answer.address == expected)
        #expect(answer.isRefused == second.supersedes)
        #expect(try await harness.verify(other.token, challenge: own).address == second.address.lowercased())
    }

    @Test("of many links of one browser only the last one for each portal works")
    func many() async throws {
        let harness = try await StoreHarness()
        let own = try challenge("a")
        var mails: [[SentMail]] = [[], []]
        for number in 0..<20 {
            let portal = number % 2
            mails[portal].append(try await harness.mail(for: "https://portal\(portal).example.com", challenge: own))
        }
        for (number, mail) in (mails[0].dropLast() + mails[1].dropLast()).enumerated() {
            // The last three of a place are stored, so that the confirmation page can explain them.
            let word = try await harness.store.state(of: mail.token).word
            #expect(word == (number % 9 < 7 ? "unknown" : "superseded"))
            let answers = [
                try await harness.verify(mail.token, challenge: own),
                try await harness.verify(code: "271828", of: mail.handle, challenge: own),
            ]
            #expect(answers.allSatisfy { $0.isRefused })
        }
        #expect(try await harness.verify(mails[0][9].token, challenge: own).address == "ada@example.com")
        let last = try await harness.verify(code: "271828", of: mails[1][9].handle, challenge: own)
        #expect(last.address == "ada@example.com")
    }

    @Test("of 64 links that one browser requests at once, one works")
    func atOnce() async throws {
        let harness = try await StoreHarness()
        let own = try challenge("a")
        let mails = try await withThrowingTaskGroup(of: SentMail.self) { group in
            for _ in 0..<64 { group.addTask { try await harness.mail(challenge: own) } }
            return try await group.reduce(into: [SentMail]()) { mails, mail in mails.append(mail) }
        }
        let answers = try await harness.concurrently { store, index in
            try await store.verify(.token(mails[index].token), challenge: own)
        }
        #expect(answers.compactMap(\.address) == ["ada@example.com"])
    }

    // MARK: - Links that are not superseded

    @Test("a link that was used stays used", arguments: CredentialKind.allCases)
    func used(kind: CredentialKind) async throws {
        let harness = try await StoreHarness(retention: NewestLinkTests.day)
        let first = try await harness.mail()
        _ = try await harness.store.verify(try await harness.credential(kind, of: first))
        _ = try await harness.mail()
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
        let keptUntil = try await harness.value("link.kept_until", of: first)
        _ = try await harness.mail()
        #expect(try await harness.value("link.kept_until", of: first) == keptUntil)
        #expect(try await harness.store.state(of: first.token).record?.email.text == "ada@example.com")
    }

    @Test("links are stored for as long as the newest is kept", arguments: [60, 900, 86_400], [0, 86_400])
    func memory(lifetime: Int, retention: Int) async throws {
        let harness = try await StoreHarness(linkLifetime: .seconds(lifetime), retention: .seconds(retention))
        _ = try await harness.mail()
        try await harness.pass(.seconds(30))
        let mail = try await harness.mail()
        let end = try #require(try await harness.snapshot().entries[mail.linksKey]?.end)
        #expect(end == (try await harness.value("link.kept_until", of: mail)))
        #expect(end - (try await harness.value("link.ends", of: mail)) == retention * 1000)
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
        let own = try challenge("a")
        let first = try StoreHarness.link(challenge: own)
        let second = try StoreHarness.link(challenge: own)
        _ = try await harness.admit(first, challenge: own)
        _ = try await harness.admit(first, challenge: own)
        #expect(try await harness.store.state(of: first.token).word == "live")
        _ = try await harness.admit(second, challenge: own)
        let before = try await harness.snapshot()
        _ = try await harness.admit(first, challenge: own)
        _ = try await harness.admit(second, challenge: own)
        #expect(try await harness.snapshot() == before)
        #expect(try await harness.verify(first.token, challenge: own).isRefused)
        #expect(try await harness.verify(second.token, challenge: own).address == "ada@example.com")
    }

    // MARK: - Several at once

    @Test("if several links may work at once, each of the last eight signs in once, in any order")
    func off() async throws {
        let harness = try await StoreHarness(retention: NewestLinkTests.day, isNewestOnly: false)
        let pushedOut = try await harness.mail()
        var mails: [SentMail] = []
        for _ in 0..<8 { mails.append(try await harness.mail()) }
        #expect(try await harness.store.state(of: pushedOut.token).word == "unknown")
        #expect(try await harness.verify(pushedOut.token).isRefused)
        for (number, mail) in mails.enumerated().reversed() {
            #expect(try await harness.store.state(of: mail.token).word == "live")
            let credential = try await harness.credential(CredentialKind.allCases[number % 3], of: mail)
            let answers = [try await harness.store.verify(credential), try await harness.store.verify(credential)]
            #expect(answers.compactMap(\.person?.id) == [mail.token.id])
        }
    }

    @Test("a superseded link keeps no code once the newer link is used")
    func codes() async throws {
        let harness = try await StoreHarness(retention: NewestLinkTests.day)
        let (first, second) = (try await harness.mail(), try await harness.mail())
        #expect(try await harness.verify(second.token).address == "ada@example.com")
        #expect(try await harness.hasCode(first) == false)
    }

    @Test("a request with another challenge, such as a stranger's, ends no link")
    func stranger() async throws {
        let harness = try await StoreHarness(retention: NewestLinkTests.day)
        let own = try challenge("a")
        let mail = try await harness.mail(challenge: own)
        for letter in [nil, "b", "c", "d", "e"] as [Character?] {
            _ = try await harness.mail(challenge: challenge(letter))
        }
        #expect(try await harness.store.state(of: mail.token).word == "live")
        #expect(try await harness.verify(mail.token, challenge: own).address == "ada@example.com")
    }

    // MARK: - At the end of a link's life

    @Test("a newer link ends an exchange token even if the link of that token has expired meanwhile")
    func exchangeTokenOfExpired() async throws {
        let harness = try await StoreHarness(retention: NewestLinkTests.day)
        let own = try challenge("a")
        let first = try await harness.mail(challenge: own)
        // The button is pressed twenty seconds before the link expires.
        try await harness.pass(.seconds(880))
        let exchangeToken = try await harness.press(first)
        try await harness.expire(first)
        let second = try await harness.mail(challenge: own)
        #expect(try await harness.verify(exchangeToken, challenge: own).isRefused)
        #expect(try await harness.verify(second.token, challenge: own).address == "ada@example.com")
    }
}
