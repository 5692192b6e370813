@testable import SignIn
import Cryptography
import Net
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(2)))
struct VerifyTokenTests {
    private static let day = Duration.seconds(86_400)

    // MARK: - Once

    @Test("each way in lets its person in, once, and tells what was asked for", arguments: Way.allCases)
    func once(way: Way) async throws {
        let harness = try await StoreHarness(retention: VerifyTokenTests.day)
        let mail = try await harness.mail(to: "Ada@Example.com", next: "/invoices?page=2")
        let bearer = try await harness.bearer(of: mail, by: way)
        let first = try await harness.store.verify(bearer)
        let person = try #require(first.person)
        #expect(person.record.email.text == "ada@example.com")
        #expect(person.record.origin.description == "https://portal.example.com")
        #expect(person.record.next?.text == "/invoices?page=2")
        #expect(person.record.challenge == nil)
        // Whichever way, it is the same sign-in: that of the mailed token.
        #expect(person.id == String(mail.token.digest.prefix(32)))
        for other in [bearer, .token(mail.token), .code(mail.code, of: mail.handle)] {
            let again = try await harness.store.verify(other)
            #expect(again.isRefused)
        }
        #expect(try await harness.store.state(of: mail.token).word == "used")
    }

    @Test("of 64 calls with one token or code at once, over four connections, one lets in", arguments: Way.allCases)
    func onceOfMany(way: Way) async throws {
        let harness = try await StoreHarness(retention: VerifyTokenTests.day)
        let mail = try await harness.mail()
        let bearer = try await harness.bearer(of: mail, by: way)
        let answers = try await harness.atOnce { store, _ in try await store.verify(bearer) }
        #expect(answers.count == 64)
        #expect(answers.compactMap(\.address) == ["ada@example.com"])
        #expect(answers.filter(\.isRefused).count == 63)
    }

    @Test("of a mail's link and its code, brought 64 times at once, one lets in", arguments: [Way.mailed, .fresh])
    func onceOfBoth(way: Way) async throws {
        let harness = try await StoreHarness(retention: VerifyTokenTests.day)
        let mail = try await harness.mail()
        let bearers = [
            try await harness.bearer(of: mail, by: way), try await harness.bearer(of: mail, by: .code),
        ]
        // Both by all four connections.
        let answers = try await harness.atOnce { store, index in try await store.verify(bearers[index / 4 % 2]) }
        #expect(answers.compactMap(\.address) == ["ada@example.com"])
        #expect(answers.filter(\.isRefused).count == 63)
        #expect(try await harness.keys("postern:tries:") == [])
    }

    @Test("of several fresh tokens of one link, brought at once, only the last lets in")
    func onceOfFresh() async throws {
        let harness = try await StoreHarness(retention: VerifyTokenTests.day)
        let mail = try await harness.mail()
        var fresh: [LoginToken] = []
        for _ in 0..<8 { fresh.append(try await harness.press(mail)) }
        let earlier = fresh.dropLast().map { Bearer.token($0) }
        let refused = try await harness.atOnce { store, index in try await store.verify(earlier[index % 7]) }
        #expect(refused.allSatisfy { $0.isRefused })
        let all = fresh.map { Bearer.token($0) }
        let answers = try await harness.atOnce { store, index in try await store.verify(all[index % 8]) }
        #expect(answers.compactMap(\.address) == ["ada@example.com"])
    }

    @Test("of 64 who press the button and go on, all at once, one is let in")
    func onceOfPresses() async throws {
        let harness = try await StoreHarness(retention: VerifyTokenTests.day)
        let mail = try await harness.mail()
        let answers = try await harness.atOnce { store, _ in
            let fresh = try LoginToken(random: .system)
            _ = try await store.exchange(mail.token, for: fresh, from: nil)
            return try await store.verify(.token(fresh))
        }
        // Nobody presses after the last who presses: that one is let in, unless somebody was before.
        #expect(answers.compactMap(\.address) == ["ada@example.com"])
        #expect(answers.filter(\.isRefused).count == 63)
    }

    // MARK: - Refusals

    /// Tokens that let nobody in.
    enum Refused: String, Sendable, CaseIterable {
        case notAToken, unknown, request, used, usedByCode, expired, superseded, changed, earlierFresh, deadFresh,
            usedFresh
        case freshOfEnded, freshOfUnknown, verifierUnasked, verifierMissing, verifierWrong, freshWithoutVerifier
    }

    /// Makes one, and gives it with the challenge that is brought along.
    private func make(
        _ refused: Refused, in harness: StoreHarness
    ) async throws -> (token: LoginToken?, challenge: CodeChallenge?) {
        switch refused {
        case .verifierMissing: return (try await harness.mail(challenge: challenge("a")).token, nil)
        case .verifierWrong: return (try await harness.mail(challenge: challenge("a")).token, try challenge("b"))
        case .freshWithoutVerifier:
            return (try await harness.press(try await harness.mail(challenge: challenge("a"))), nil)
        default: break
        }
        let mail = try await harness.mail()
        var token: LoginToken? = mail.token
        switch refused {
        case .notAToken: token = nil
        case .unknown: token = try LoginToken(random: .system)
        case .request: token = LoginToken(parsing: mail.handle.text)
        case .used: _ = try await harness.verify(mail.token)
        case .usedByCode: _ = try await harness.verify(code: mail.code.text, of: mail.handle)
        case .expired: try await harness.expire(mail)
        case .superseded: _ = try await harness.mail()
        case .changed: _ = try await harness.press(mail)
        case .earlierFresh:
            token = try await harness.press(mail)
            _ = try await harness.press(mail)
        case .deadFresh:
            let fresh = try await harness.press(mail)
            token = fresh
            try await harness.command("PEXPIRE", "postern:token:\(fresh.digest)", "0")
        case .usedFresh:
            token = try await harness.press(mail)
            _ = try await harness.verify(token)
        case .freshOfEnded:
            token = try await harness.press(mail)
            _ = try await harness.mail()
        case .freshOfUnknown:
            token = try await harness.press(mail)
            try await harness.command("DEL", mail.tokenKey)
        case .verifierUnasked: return (token, try challenge("a"))
        case .verifierMissing, .verifierWrong, .freshWithoutVerifier: break
        }
        return (token, nil)
    }

    @Test(
        "a token that lets nobody in is refused however often, and nothing changes but the client's bucket",
        arguments: Refused.allCases, [true, false])
    func refused(_ refused: Refused, isLimited: Bool) async throws {
        let harness = try await StoreHarness(
            limits: .init(
                client: nil, recipient: nil, deployment: nil, verification: isLimited ? limit("1000/1d") : nil,
                code: limit("1000/1d")),
            retention: VerifyTokenTests.day)
        let bucket: Set<String> = isLimited ? ["postern:verify:192.0.2.1"] : []
        let (token, challenge) = try await make(refused, in: harness)
        for _ in 0..<3 {
            let before = try await harness.snapshot()
            let answer = try await harness.verify(token, challenge: challenge)
            guard case .refused(let decoy, let quota) = answer else {
                Issue.record("\(refused) was not refused")
                return
            }
            // What is done for it is done for nobody.
            #expect(decoy.record.email.text != "ada@example.com")
            #expect((quota != nil) == isLimited)
            let changes = try await harness.snapshot().changes(since: before)
            #expect(changes == bucket)
        }
    }

    @Test(
        "what is at a token's key and is no entry lets nobody in, and stays",
        arguments: [
            "", "garbage", "live", "via", "live 0 - - -", "live 0 - -\nrecord", " live 0 - - -\nrecord",
            "LIVE 0 - - -\nrecord", "live -1 - - -\nrecord", "alive 0 - - -\nrecord", "via \n", "via zz\n",
            "via SELF\nbox", "via OTHER\nbox",
        ])
    func garbage(entry: String) async throws {
        let harness = try await StoreHarness()
        let token = try LoginToken(random: .system)
        let other = try LoginToken(random: .system)
        let text = entry.replacing("SELF", with: token.digest).replacing("OTHER", with: other.digest)
        try await harness.command("SET", "postern:token:\(token.digest)", text, "EX", "900")
        let before = try await harness.snapshot()
        #expect(try await harness.verify(token).isRefused)
        #expect(try await harness.snapshot() == before)
    }

    @Test("who may write to Redis, but has no mail, lets nobody in by another's record")
    func forged() async throws {
        let harness = try await StoreHarness()
        let mail = try await harness.mail()
        let own = try LoginToken(random: .system)
        try await harness.command("COPY", mail.tokenKey, "postern:token:\(own.digest)")
        await #expect(throws: StoreError.crypto(.notAuthentic)) { _ = try await harness.verify(own) }
        // Nor by a fresh token that leads to it: the mailed one is not sealed for that.
        let fresh = try LoginToken(random: .system)
        let entry = "via \(mail.token.digest)\n" + String(repeating: "0", count: 60)
        try await harness.command("SET", "postern:token:\(fresh.digest)", entry, "EX", "60")
        #expect(try await harness.verify(fresh).isRefused)
        #expect(try await harness.verify(mail.token).address == "ada@example.com")
    }

    // MARK: - Time

    @Test(
        "a link lives while its entry has longer to live than it is kept to explain itself",
        arguments: [
            (86_400, 86_460_000, true), (86_400, 86_400_000, false), (86_400, 86_399_000, false),
            (86_400, 60_000, false), (60, 120_000, true), (60, 60_000, false), (0, 60_000, true), (0, 0, false),
        ])
    func expired(retention: Int, left: Int, isLive: Bool) async throws {
        for way in [Way.mailed, .code] {
            let harness = try await StoreHarness(retention: .seconds(retention))
            let mail = try await harness.mail()
            try await harness.command("PEXPIRE", mail.tokenKey, "\(left)")
            let answer = try await harness.store.verify(try await harness.bearer(of: mail, by: way))
            let expected: String? = isLive ? "ada@example.com" : nil
            #expect(answer.address == expected)
            #expect(answer.isRefused == !isLive)
        }
    }

    @Test("signing in changes the link's entry alone, which lives as long as before", arguments: Way.allCases)
    func lifetime(way: Way) async throws {
        let harness = try await StoreHarness(retention: VerifyTokenTests.day)
        let mail = try await harness.mail()
        let bearer = try await harness.bearer(of: mail, by: way)
        let before = try await harness.snapshot()
        #expect(try await harness.store.verify(bearer).address == "ada@example.com")
        let after = try await harness.snapshot()
        #expect(after.changes(since: before) == [mail.tokenKey])
        #expect(after.entries[mail.tokenKey]?.end == before.entries[mail.tokenKey]?.end)
    }

    // MARK: - Verifiers

    /// The verifiers that a link was asked for with and is brought back with, as letters.
    struct Verifiers: Sendable {
        let asked: Character?
        let brought: Character?
    }

    @Test(
        "a verifier must be brought where one was asked for, and only there; a wrong one does not cost the link",
        arguments: Way.allCases,
        [
            Verifiers(asked: nil, brought: nil), Verifiers(asked: nil, brought: "a"),
            Verifiers(asked: "a", brought: nil), Verifiers(asked: "a", brought: "b"),
            Verifiers(asked: "a", brought: "a"),
        ])
    func verifiers(way: Way, verifiers: Verifiers) async throws {
        let harness = try await StoreHarness(retention: VerifyTokenTests.day)
        let asked = try challenge(verifiers.asked)
        let brought = try challenge(verifiers.brought)
        let mail = try await harness.mail(challenge: asked)
        let bearer = try await harness.bearer(of: mail, by: way)
        let answer = try await harness.store.verify(bearer, challenge: brought)
        if verifiers.asked == verifiers.brought {
            #expect(answer.person?.record.challenge == asked)
            #expect(answer.address == "ada@example.com")
        } else {
            #expect(answer.isRefused)
            let right = try await harness.store.verify(bearer, challenge: asked)
            #expect(right.address == "ada@example.com")
        }
    }

    // MARK: - Calls

    @Test("whatever becomes of it, a verification is one call of a script", arguments: Way.allCases, [false, true])
    func oneCall(way: Way, isUsed: Bool) async throws {
        let harness = try await StoreHarness(
            limits: .init(
                client: nil, recipient: nil, deployment: nil, verification: limit("9/1h"), code: limit("9/1h")))
        let mail = try await harness.mail()
        let bearer = try await harness.bearer(of: mail, by: way)
        if isUsed { _ = try await harness.store.verify(bearer) }
        let before = try harness.server.callCount(of: "evalsha")
        #expect(try await harness.store.verify(bearer).isRefused == isUsed)
        #expect(try harness.server.callCount(of: "evalsha") == before + 1)
        #expect(try harness.server.callCount(of: "eval") == 0)
    }

    @Test("a server that forgets its scripts between all steps is told them again", arguments: Way.allCases)
    func forgotten(way: Way) async throws {
        let harness = try await StoreHarness(retention: VerifyTokenTests.day)
        try await harness.command("SCRIPT", "FLUSH")
        let mail = try await harness.mail()
        try await harness.command("SCRIPT", "FLUSH")
        #expect(try await harness.store.state(of: mail.token).word == "live")
        try await harness.command("SCRIPT", "FLUSH")
        let bearer = try await harness.bearer(of: mail, by: way)
        try await harness.command("SCRIPT", "FLUSH")
        #expect(try await harness.store.verify(bearer).address == "ada@example.com")
        try await harness.command("SCRIPT", "FLUSH")
        #expect(try await harness.store.verify(bearer).isRefused)
    }
}
