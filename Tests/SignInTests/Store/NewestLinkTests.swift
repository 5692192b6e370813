@testable import SignIn
import Cryptography
import Net
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(2)))
struct NewestLinkTests {
    private static let day = Duration.seconds(86_400)

    // MARK: - What is ended

    @Test("another link ends all ways in of the one before, and offers its own", arguments: Way.allCases, Way.allCases)
    func ended(earlier: Way, later: Way) async throws {
        let harness = try await StoreHarness(retention: NewestLinkTests.day)
        let first = try await harness.mail()
        let old = try await harness.bearer(of: first, by: earlier)
        let second = try await harness.mail(code: "314159")
        #expect(try await harness.store.state(of: first.token).word == "ended")
        #expect(try await harness.store.verify(old).isRefused)
        let opening = try await harness.store.exchange(first.token, for: try LoginToken(random: .system), from: nil)
        #expect(opening.word == "ended")
        let new = try await harness.bearer(of: second, by: later)
        let answer = try await harness.store.verify(new)
        #expect(answer.address == "ada@example.com")
        #expect(answer.person?.id == String(second.token.digest.prefix(32)))
        // Not that the earlier one came back once the later is used.
        #expect(try await harness.store.verify(old).isRefused)
    }

    /// A second request, and whether it ends the first, which is ada@example.com's for https://portal.example.com.
    struct Second: Sendable {
        let address: String
        let portal: String
        let ends: Bool

        init(_ address: String, _ portal: String, ends: Bool) {
            self.address = address
            self.portal = portal
            self.ends = ends
        }
    }

    @Test(
        "a link ends those to the same address for the same portal, however both are spelt, and no others",
        arguments: [
            Second("ada@example.com", "https://portal.example.com", ends: true),
            Second("ADA@EXAMPLE.COM", "https://portal.example.com", ends: true),
            Second("Ada@example.com", "https://PORTAL.Example.com", ends: true),
            Second("ada@example.com", "https://portal.example.com:443", ends: true),
            Second("ada@example.com", "https://portal.example.com/", ends: true),
            Second("ada@example.com", "https://portal.example.com:8443", ends: false),
            Second("ada@example.com", "https://other.example.com", ends: false),
            Second("ada@example.com", "https://example.com", ends: false),
            Second("ada@example.com", "http://portal.example.com", ends: false),
            Second("bob@example.com", "https://portal.example.com", ends: false),
            Second("ada@example.org", "https://portal.example.com", ends: false),
            Second("ada+1@example.com", "https://portal.example.com", ends: false),
            Second("a.da@example.com", "https://portal.example.com", ends: false),
        ], Way.allCases)
    func scope(second: Second, way: Way) async throws {
        let harness = try await StoreHarness()
        let first = try await harness.mail()
        let bearer = try await harness.bearer(of: first, by: way)
        let other = try await harness.mail(to: second.address, for: second.portal)
        let answer = try await harness.store.verify(bearer)
        let expected: String? = second.ends ? nil : "ada@example.com"
        #expect(answer.address == expected)
        #expect(answer.isRefused == second.ends)
        #expect(try await harness.verify(other.token).address == second.address.lowercased())
    }

    @Test("of many links only the last works, of each portal")
    func many() async throws {
        let harness = try await StoreHarness()
        var mails: [[SentMail]] = [[], []]
        for number in 0..<20 {
            let portal = number % 2
            mails[portal].append(try await harness.mail(for: "https://portal\(portal).example.com"))
        }
        for mail in mails[0].dropLast() + mails[1].dropLast() {
            #expect(try await harness.store.state(of: mail.token).word == "ended")
            let answers = [
                try await harness.verify(mail.token), try await harness.verify(code: "271828", of: mail.handle),
            ]
            #expect(answers.allSatisfy { $0.isRefused })
        }
        #expect(try await harness.verify(mails[0][9].token).address == "ada@example.com")
        #expect(try await harness.verify(code: "271828", of: mails[1][9].handle).address == "ada@example.com")
    }

    @Test("of 64 links that are asked for at once, one works")
    func atOnce() async throws {
        let harness = try await StoreHarness()
        let mails = try await withThrowingTaskGroup(of: SentMail.self) { group in
            for _ in 0..<64 { group.addTask { try await harness.mail() } }
            return try await group.reduce(into: [SentMail]()) { mails, mail in mails.append(mail) }
        }
        let answers = try await harness.atOnce { store, index in try await store.verify(.token(mails[index].token)) }
        #expect(answers.compactMap(\.address) == ["ada@example.com"])
    }

    // MARK: - What is not

    @Test("a link that was used stays used", arguments: Way.allCases)
    func used(way: Way) async throws {
        let harness = try await StoreHarness(retention: NewestLinkTests.day)
        let first = try await harness.mail()
        _ = try await harness.store.verify(try await harness.bearer(of: first, by: way))
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
        // Not even a fresh token could be left.
        try await harness.pass(.seconds(60))
        let second = try await harness.mail()
        #expect(try await harness.store.state(of: first.token).word == "expired")
        #expect(try await harness.verify(second.token).address == "ada@example.com")
    }

    @Test("a link that is ended is kept no longer, and no shorter")
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

    @Test("which link is the newest is known for as long as it works", arguments: [60, 900, 86_400], [0, 86_400])
    func memory(lifetime: Int, retention: Int) async throws {
        let harness = try await StoreHarness(linkLifetime: .seconds(lifetime), retention: .seconds(retention))
        let mail = try await harness.mail()
        let entries = try await harness.snapshot().entries
        let newest = try #require(entries.first(where: { $0.key.hasPrefix("postern:newest:") })?.value)
        let token = try #require(entries[mail.tokenKey])
        #expect(newest.end >= token.end - harness.retention)
    }

    @Test("a request that is refused ends nothing", arguments: ["limit", "queue"])
    func refused(by cause: String) async throws {
        let harness = try await StoreHarness(
            limits: .init(client: nil, recipient: cause == "limit" ? limit("1/1d") : nil, deployment: nil),
            maximumQueueLength: cause == "queue" ? 1 : 1000)
        let mail = try await harness.mail()
        let refusal = try await harness.send(to: "ada@example.com")
        if case .admitted = refusal { Issue.record("it was not refused") }
        #expect(try await harness.verify(mail.token).address == "ada@example.com")
    }

    @Test("a request that is repeated because its answer was lost ends nothing, and brings nothing back")
    func repeated() async throws {
        let harness = try await StoreHarness()
        let first = try StoreHarness.link()
        let second = try StoreHarness.link()
        _ = try await harness.send(first)
        _ = try await harness.send(first)
        #expect(try await harness.store.state(of: first.token).word == "live")
        _ = try await harness.send(second)
        let before = try await harness.snapshot()
        _ = try await harness.send(first)
        _ = try await harness.send(second)
        #expect(try await harness.snapshot() == before)
        #expect(try await harness.verify(first.token).isRefused)
        #expect(try await harness.verify(second.token).address == "ada@example.com")
    }

    // MARK: - Several at once

    @Test("where several may work at once each is good for one sign-in, in any order")
    func off() async throws {
        let harness = try await StoreHarness(retention: NewestLinkTests.day, isNewestOnly: false)
        let mails = [try await harness.mail(), try await harness.mail(), try await harness.mail()]
        for (mail, way) in zip(mails.reversed(), Way.allCases) {
            #expect(try await harness.store.state(of: mail.token).word == "live")
            let bearer = try await harness.bearer(of: mail, by: way)
            let answers = [try await harness.store.verify(bearer), try await harness.store.verify(bearer)]
            #expect(answers.compactMap(\.person?.id) == [String(mail.token.digest.prefix(32))])
        }
        #expect(try await harness.keys("postern:newest:") == [])
    }

    // MARK: - At the end of a link's life

    @Test("a fresh token is ended by another link also where its own link expired meanwhile")
    func freshOfExpired() async throws {
        let harness = try await StoreHarness(retention: NewestLinkTests.day)
        let first = try await harness.mail()
        // The button is pressed with twenty seconds to go.
        try await harness.pass(.seconds(880))
        let fresh = try await harness.press(first)
        try await harness.expire(first)
        let second = try await harness.mail()
        #expect(try await harness.verify(fresh).isRefused)
        #expect(try await harness.verify(second.token).address == "ada@example.com")
    }
}
