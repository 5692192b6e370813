import Cryptography
import Net
import Redis
import TestSupport
import Testing

@testable import SignIn

@Suite(.timeLimit(.minutes(2)))
struct VerifyTokenTests {
    private static let day = Duration.seconds(86_400)

    // MARK: - Once

    @Test("each credential signs in once, and returns the values of the request", arguments: CredentialKind.allCases)
    func once(kind: CredentialKind) async throws {
        let harness = try await StoreHarness(retention: VerifyTokenTests.day)
        let mail = try await harness.mail(to: "Ada@Example.com", next: "/invoices?page=2")
        let credential = try await harness.credential(kind, of: mail)
        let first = try await harness.store.verify(credential)
        let person = try #require(first.person)
        #expect(person.record.email.text == "ada@example.com")
        #expect(person.record.origin.description == "https://portal.example.com")
        #expect(person.record.next?.text == "/invoices?page=2")
        #expect(person.record.challenge == nil)
        // The id of the sign-in is that of the mailed token, whatever the credential.
        #expect(person.id == String(mail.token.digest.prefix(32)))
        for other in [credential, .token(mail.token), .code(mail.code, of: mail.handle)] {
            #expect(try await harness.store.verify(other).isRefused)
        }
        #expect(try await harness.store.state(of: mail.token).word == "used")
    }

    @Test("of 64 calls at once with one token or code, one signs in", arguments: CredentialKind.allCases)
    func onceOfMany(kind: CredentialKind) async throws {
        let harness = try await StoreHarness(retention: VerifyTokenTests.day)
        let mail = try await harness.mail()
        let credential = try await harness.credential(kind, of: mail)
        let answers = try await harness.concurrently { store, _ in try await store.verify(credential) }
        #expect(answers.count == 64)
        #expect(answers.compactMap(\.address) == ["ada@example.com"])
        #expect(answers.filter(\.isRefused).count == 63)
    }

    @Test(
        "of 64 calls at once with the link and the code of one email, one signs in",
        arguments: [CredentialKind.mailedToken, .exchangeToken])
    func onceOfBoth(kind: CredentialKind) async throws {
        let harness = try await StoreHarness(retention: VerifyTokenTests.day)
        let mail = try await harness.mail()
        let credentials = [
            try await harness.credential(kind, of: mail), try await harness.credential(.code, of: mail),
        ]
        // All four connections present both.
        let answers = try await harness.concurrently { store, index in
            try await store.verify(credentials[index / 4 % 2])
        }
        #expect(answers.compactMap(\.address) == ["ada@example.com"])
        #expect(answers.filter(\.isRefused).count == 63)
        #expect(try await harness.keys("postern:wrong:") == [])
    }

    @Test("of several exchange tokens of one link, presented at once, only the last signs in")
    func onceOfExchangeTokens() async throws {
        let harness = try await StoreHarness(retention: VerifyTokenTests.day)
        let mail = try await harness.mail()
        var exchangeTokens: [LoginToken] = []
        for _ in 0..<8 { exchangeTokens.append(try await harness.press(mail)) }
        let earlier = exchangeTokens.dropLast().map { Credential.token($0) }
        let refused = try await harness.concurrently { store, index in try await store.verify(earlier[index % 7]) }
        #expect(refused.allSatisfy { $0.isRefused })
        let all = exchangeTokens.map { Credential.token($0) }
        let answers = try await harness.concurrently { store, index in try await store.verify(all[index % 8]) }
        #expect(answers.compactMap(\.address) == ["ada@example.com"])
    }

    @Test("of 64 presses at once, each followed by a verification, one signs in")
    func onceOfPresses() async throws {
        let harness = try await StoreHarness(retention: VerifyTokenTests.day)
        let mail = try await harness.mail()
        let answers = try await harness.concurrently { store, _ in
            let exchangeToken = try mail.newExchangeToken()
            _ = try await store.exchange(mail.token, for: exchangeToken, from: nil)
            return try await store.verify(.token(exchangeToken))
        }
        // The last press gives a token that works, unless an earlier one has signed in before.
        #expect(answers.compactMap(\.address) == ["ada@example.com"])
        #expect(answers.filter(\.isRefused).count == 63)
    }

    // MARK: - Refusals

    /// Tokens that must be refused.
    enum Refused: String, Sendable, CaseIterable {
        case notAToken, unknown, codeHandle, used, usedByCode, expired, superseded, exchanged
        case earlierExchangeToken, expiredExchangeToken, usedExchangeToken, exchangeTokenOfSuperseded
        case exchangeTokenOfUnknown, exchangeTokenWithoutVerifier
        case verifierNotRequested, verifierMissing, verifierWrong
    }

    /// Creates such a token, and returns it with the challenge to present.
    private func make(
        _ refused: Refused, in harness: StoreHarness
    ) async throws -> (token: LoginToken?, challenge: CodeChallenge?) {
        let isBound = [.verifierMissing, .verifierWrong, .exchangeTokenWithoutVerifier].contains(refused)
        let mail = try await harness.mail(challenge: isBound ? challenge("a") : nil)
        var token: LoginToken? = mail.token
        switch refused {
        case .notAToken: token = nil
        case .unknown: token = try LoginToken(random: .system)
        case .codeHandle: token = LoginToken(parsing: mail.handle.text)
        case .used: _ = try await harness.verify(mail.token)
        case .usedByCode: _ = try await harness.verify(code: mail.code.text, of: mail.handle)
        case .expired: try await harness.expire(mail)
        case .superseded: try await harness.edit(mail, "link.state = 'superseded'")
        case .exchanged: _ = try await harness.press(mail)
        case .earlierExchangeToken:
            token = try await harness.press(mail)
            _ = try await harness.press(mail)
        case .expiredExchangeToken:
            token = try await harness.press(mail)
            try await harness.pass(.seconds(61))
        case .usedExchangeToken:
            token = try await harness.press(mail)
            _ = try await harness.verify(token)
        case .exchangeTokenOfSuperseded:
            token = try await harness.press(mail)
            try await harness.edit(mail, "link.state = 'superseded'")
        case .exchangeTokenOfUnknown:
            token = try await harness.press(mail)
            try await harness.command("DEL", mail.linksKey)
        case .verifierNotRequested: return (token, try challenge("a"))
        case .verifierMissing: break
        case .verifierWrong: return (token, try challenge("b"))
        case .exchangeTokenWithoutVerifier: token = try await harness.press(mail)
        }
        return (token, nil)
    }

    @Test(
        "a token that must be refused is refused every time, and nothing changes but the client's bucket",
        arguments: Refused.allCases, [true, false])
    func refused(_ refused: Refused, isLimited: Bool) async throws {
        let harness = try await StoreHarness(
            limits: .init(
                client: nil, recipient: nil, deployment: nil, verification: isLimited ? limit("1000/1d") : nil,
                code: limit("1000/1d")),
            retention: VerifyTokenTests.day)
        let bucket: Set<String> = isLimited ? ["postern:verify:192.0.2.1", "postern:verify:192.0.2.0/24"] : []
        let (token, challenge) = try await make(refused, in: harness)
        for _ in 0..<3 {
            let before = try await harness.snapshot()
            let answer = try await harness.verify(token, challenge: challenge)
            guard case .refused(let decoy, let quota, _) = answer else {
                Issue.record("\(refused) was not refused")
                return
            }
            // The sign-in is a fake one.
            #expect(decoy.record.email.text != "ada@example.com")
            #expect((quota != nil) == isLimited)
            let changes = try await harness.snapshot().changes(since: before)
            #expect(changes == bucket)
        }
    }

    @Test(
        "links that were changed into something else sign nobody in, and are kept",
        arguments: [
            "'garbage'", "''", "'12345678'", "'12345678xxxx'", "'12345678' .. struct.pack('>I4', 900) .. 'x'",
            "with({})", "with(7)", "with('text')", "with({ id = ARGV[1] })", "with({ id = ARGV[1], ends = 'x' })",
            "with({ id = ARGV[1], kept_until = 9e15, ends = 'x', challenge = '-', record = 'r' })",
            "with({ id = ARGV[1], kept_until = 9e15, state = 'used', ends = 0, challenge = '-', record = 'r' })",
        ])
    func garbage(entry: String) async throws {
        let harness = try await StoreHarness()
        let token = try LoginToken(random: .system)
        let key = "postern:links:\(token.place.text)"
        let body = """
            local function with(link)
              local text = cmsgpack.pack(link)
              return struct.pack('>I8I4', 9e15, #text) .. text
            end
            redis.call('SET', KEYS[1], \(entry), 'EX', 900)
            """
        try await harness.command("EVAL", body, "1", key, token.id)
        let before = try await harness.snapshot()
        let answer = try? await harness.verify(token)
        #expect(answer?.isRefused ?? true)
        #expect(try await harness.snapshot() == before)
    }

    // MARK: - Time

    @Test(
        "a link works until its end, however long it is kept after that",
        arguments: [
            (86_400, 60_000, true), (86_400, 0, false), (86_400, -1000, false), (86_400, -86_000_000, false),
            (60, 60_000, true), (60, 0, false), (0, 60_000, true), (0, 0, false),
        ])
    func expired(retention: Int, left: Int, isLive: Bool) async throws {
        for kind in [CredentialKind.mailedToken, .code] {
            let harness = try await StoreHarness(retention: .seconds(retention))
            let mail = try await harness.mail()
            try await harness.edit(mail, "link.ends = now_ms + \(left)")
            let answer = try await harness.store.verify(try await harness.credential(kind, of: mail))
            let expected: String? = isLive ? "ada@example.com" : nil
            #expect(answer.address == expected)
            #expect(answer.isRefused == !isLive)
        }
    }

    @Test("signing in changes only the link's entry, and not its time to live", arguments: CredentialKind.allCases)
    func lifetime(kind: CredentialKind) async throws {
        let harness = try await StoreHarness(retention: VerifyTokenTests.day)
        let mail = try await harness.mail()
        let credential = try await harness.credential(kind, of: mail)
        let before = try await harness.snapshot()
        #expect(try await harness.store.verify(credential).address == "ada@example.com")
        let after = try await harness.snapshot()
        #expect(after.changes(since: before) == [mail.linksKey])
        #expect(after.entries[mail.linksKey]?.end == before.entries[mail.linksKey]?.end)
    }

    // MARK: - Verifiers

    /// The verifiers with which a link is requested and presented, as letters.
    struct Verifiers: Sendable {
        let requested: Character?
        let presented: Character?
    }

    @Test(
        "a verifier is required if the request had a challenge, and only then; a wrong one does not use the link up",
        arguments: CredentialKind.allCases,
        [
            Verifiers(requested: nil, presented: nil), Verifiers(requested: nil, presented: "a"),
            Verifiers(requested: "a", presented: nil), Verifiers(requested: "a", presented: "b"),
            Verifiers(requested: "a", presented: "a"),
        ])
    func verifiers(kind: CredentialKind, verifiers: Verifiers) async throws {
        let harness = try await StoreHarness(retention: VerifyTokenTests.day)
        let requested = try challenge(verifiers.requested)
        let presented = try challenge(verifiers.presented)
        let mail = try await harness.mail(challenge: requested)
        let credential = try await harness.credential(kind, of: mail)
        let answer = try await harness.store.verify(credential, challenge: presented)
        if verifiers.requested == verifiers.presented {
            #expect(answer.person?.record.challenge == requested)
            #expect(answer.address == "ada@example.com")
        } else {
            #expect(answer.isRefused)
            let right = try await harness.store.verify(credential, challenge: requested)
            #expect(right.address == "ada@example.com")
        }
    }

    // MARK: - Calls

    @Test(
        "a verification is one call of a script, whatever its outcome", arguments: CredentialKind.allCases,
        [false, true])
    func oneCall(kind: CredentialKind, isUsed: Bool) async throws {
        let harness = try await StoreHarness(
            limits: .init(
                client: nil, recipient: nil, deployment: nil, verification: limit("9/1h"), code: limit("9/1h")))
        let mail = try await harness.mail()
        let credential = try await harness.credential(kind, of: mail)
        if isUsed { _ = try await harness.store.verify(credential) }
        let before = try harness.server.callCount(of: "evalsha")
        #expect(try await harness.store.verify(credential).isRefused == isUsed)
        #expect(try harness.server.callCount(of: "evalsha") == before + 1)
        #expect(try harness.server.callCount(of: "eval") == 0)
    }

    @Test("scripts that Redis forgets between all steps are sent again", arguments: CredentialKind.allCases)
    func forgotten(kind: CredentialKind) async throws {
        let harness = try await StoreHarness(retention: VerifyTokenTests.day)
        try await harness.command("SCRIPT", "FLUSH")
        let mail = try await harness.mail()
        try await harness.command("SCRIPT", "FLUSH")
        #expect(try await harness.store.state(of: mail.token).word == "live")
        try await harness.command("SCRIPT", "FLUSH")
        let credential = try await harness.credential(kind, of: mail)
        try await harness.command("SCRIPT", "FLUSH")
        #expect(try await harness.store.verify(credential).address == "ada@example.com")
        try await harness.command("SCRIPT", "FLUSH")
        #expect(try await harness.store.verify(credential).isRefused)
    }
}
