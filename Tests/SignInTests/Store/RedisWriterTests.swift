import Cryptography
import Net
import Platform
import Redis
import TestSupport
import Testing

@testable import SignIn

/// Somebody can write to Redis, but has no key of the deployment; and a process lacks a key that others have.
@Suite(.timeLimit(.minutes(2)))
struct RedisWriterTests {
    private static let foreignKey = KeyRing.Entry(id: "k1", key: Secret(copying: [UInt8](1...32)))
    private static let laterKey = KeyRing.Entry(id: "k2", key: Secret(copying: [UInt8](2...33)))

    @Test("a made-up link with a made-up record signs nobody in", arguments: CredentialKind.allCases)
    func madeUp(kind: CredentialKind) async throws {
        let harness = try await StoreHarness(retention: .seconds(3600))
        // Everything is as the deployment would have written it, but for the key.
        let forger = try SignInStore(
            redis: harness.redis, policy: harness.policy, keyPrefix: "postern:",
            secretKeys: [RedisWriterTests.foreignKey], random: .system)
        let place = forger.place(
            for: try #require(EmailAddress(parsing: "ada@example.com")),
            try Origin(parsing: "https://portal.example.com"), nil)
        let link = MagicLink(
            origin: try Origin(parsing: "https://portal.example.com"),
            callbackPath: try PortalPath(parsing: "/auth/callback"),
            token: try LoginToken(at: place, random: .system), next: nil)
        let handle = try CodeHandle(at: place, random: .system)
        let request = SignInRequest(
            link: link, recipient: try #require(EmailAddress(parsing: "ada@example.com")),
            codeRequest: .init(handle: handle, code: try sixDigits("271828")))
        guard case .admitted = try await forger.admit(request, from: nil, at: .now()) else {
            Issue.record("the forged link is stored")
            return
        }
        switch kind {
        case .mailedToken:
            await #expect(throws: StoreError.crypto(.notAuthentic)) { try await harness.verify(link.token) }
        case .exchangeToken:
            let token = try LoginToken(at: place, random: .system)
            await #expect(throws: StoreError.crypto(.notAuthentic)) {
                try await harness.store.exchange(link.token, for: token, from: nil)
            }
            _ = try await forger.exchange(link.token, for: token, from: nil)
            await #expect(throws: StoreError.crypto(.notAuthentic)) { try await harness.verify(token) }
        case .code: #expect(try await harness.verify(code: "271828", of: handle).isRefused)
        }
    }

    @Test("a link whose challenge or portal was changed in Redis is refused", arguments: CredentialKind.allCases)
    func changed(kind: CredentialKind) async throws {
        let harness = try await StoreHarness(retention: .seconds(3600))
        let own = try challenge("a")
        let portal = try Origin(parsing: "https://portal.example.com")
        let other = try Origin(parsing: "https://other.example.com")
        let unbound = try await harness.mail(challenge: own)
        let first = try await harness.credential(kind, of: unbound)
        try await harness.edit(unbound, "link.challenge = '-'")
        #expect(try await harness.store.verify(first, at: portal).isRefused)

        let moved = try await harness.mail()
        let second = try await harness.credential(kind, of: moved)
        try await harness.edit(moved, "link.portal = '\(SignInStore.tag(of: other))'")
        #expect(try await harness.store.verify(second, at: other).isRefused)
    }

    @Test("a link whose life was prolonged in Redis is refused an hour after its end")
    func prolonged() async throws {
        let harness = try await StoreHarness()
        for (age, isAccepted) in [(4400, true), (4600, false)] {
            let link = try StoreHarness.link()
            let request = SignInRequest(link: link, recipient: try #require(EmailAddress(parsing: "ada@example.com")))
            let issuedAt = UnixTime(milliseconds: UnixTime.now().milliseconds - age * 1000)
            _ = try await harness.store.admit(request, from: nil, at: issuedAt)
            #expect(try await harness.verify(link.token).isRefused != isAccepted)
        }
    }

    @Test(
        "a process that lacks the key of a link changes nothing, and says which key", arguments: CredentialKind.allCases
    )
    func missingKey(kind: CredentialKind) async throws {
        let harness = try await StoreHarness(
            limits: .init(
                client: nil, recipient: nil, deployment: nil, verification: limit("9/1d"), code: limit("9/1d")),
            retention: .seconds(3600))
        let mail = try await harness.mail()
        let credential = try await harness.credential(kind, of: mail)
        let other = try SignInStore(
            redis: harness.redis, policy: harness.policy, keyPrefix: "postern:",
            secretKeys: [RedisWriterTests.laterKey], random: .system)
        let before = try await harness.snapshot()
        let error = StoreError.crypto(.unknownKey(id: "k1"))
        await #expect(throws: error) { try await other.verify(credential) }
        await #expect(throws: error) { try await other.state(of: mail.token) }
        let token = try mail.newExchangeToken()
        await #expect(throws: error) { try await other.exchange(mail.token, for: token, from: nil) }
        #expect(try await harness.snapshot() == before)
        // With both keys it works.
        let both = try SignInStore(
            redis: harness.redis, policy: harness.policy, keyPrefix: "postern:",
            secretKeys: [RedisWriterTests.laterKey] + StoreHarness.keys, random: .system)
        #expect(try await both.verify(credential).address == "ada@example.com")
    }

    @Test("a credential at another portal is refused, and stays whole", arguments: CredentialKind.allCases)
    func otherPortal(kind: CredentialKind) async throws {
        let harness = try await StoreHarness(retention: .seconds(3600))
        let mail = try await harness.mail()
        let credential = try await harness.credential(kind, of: mail)
        let before = try await harness.snapshot()
        for text in ["https://other.example.com", "http://portal.example.com", "https://portal.example.com:8443"] {
            #expect(try await harness.store.verify(credential, at: Origin(parsing: text)).isRefused)
        }
        #expect(try await harness.snapshot() == before)
        let portal = try Origin(parsing: "https://portal.example.com")
        #expect(try await harness.store.verify(credential, at: portal).address == "ada@example.com")
    }

    @Test("a code works for ten minutes at most, whatever the link does", arguments: [60, 600, 900, 86_400])
    func codeLifetime(lifetime: Int) async throws {
        let harness = try await StoreHarness(linkLifetime: .seconds(lifetime))
        let last = min(lifetime, 600)
        let mail = try await harness.mail()
        try await harness.pass(.seconds(last - 5))
        let other = try await harness.mail()
        #expect(try await harness.verify(code: "271828", of: mail.handle).address == "ada@example.com")
        try await harness.pass(.seconds(last + 1))
        #expect(try await harness.verify(code: "271828", of: other.handle).isRefused)
        #expect(try await harness.verify(other.token).isRefused == (lifetime <= 600))
    }
}
