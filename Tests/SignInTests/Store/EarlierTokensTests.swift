import Cryptography
import Net
import Platform
import Redis
import TestSupport
import Testing

@testable import SignIn

/// Links, codes and exchange tokens as earlier versions stored them.
@Suite(.timeLimit(.minutes(2)))
struct EarlierTokensTests {
    private static let retention = Duration.seconds(86_400)

    /// A link and a code of an earlier version.
    private struct Earlier {
        let token: LoginToken
        let handle: CodeHandle
        let code: SignInCode

        var tokenKey: String { "postern:token:\(token.digest)" }
    }

    private static func harness(limits: SignInLimits = StoreHarness.noLimits) async throws -> StoreHarness {
        try await StoreHarness(limits: limits, retention: retention)
    }

    /// Stores a link and a code as earlier versions did.
    private func store(
        in harness: StoreHarness, state: String = "live", challenge: CodeChallenge? = nil,
        lifetime: Duration = .seconds(900)
    ) async throws -> Earlier {
        let earlier = Earlier(
            token: try LoginToken(random: .system), handle: try CodeHandle(random: .system),
            code: try sixDigits("271828"))
        let record = TokenRecord(
            email: try #require(EmailAddress(parsing: "ada@example.com")),
            origin: try Origin(parsing: "https://portal.example.com"), next: nil, challenge: challenge,
            issuedAt: .now())
        let line = "\(state) 86400000 \(challenge?.text ?? "-") 0123456789abcdef0123456789abcdef -\n"
        try await set(
            earlier.tokenKey, Array(line.utf8) + record.sealed(for: earlier.token, random: .system),
            for: lifetime + EarlierTokensTests.retention, in: harness)
        let sealed = try CodeKeys(StoreHarness.keys).seal(
            SignInRequest.CodeRequest(handle: earlier.handle, code: earlier.code), earlier.token, random: .system)
        try await set(
            "postern:request:\(earlier.handle.digest)",
            Array("\(sealed.tag) \(earlier.token.digest) \(sealed.keyID)\n".utf8) + sealed.token, for: lifetime,
            in: harness)
        return earlier
    }

    private func set(_ key: String, _ value: [UInt8], for time: Duration, in harness: StoreHarness) async throws {
        var command = RedisCommand("SET", key)
        command.append(value)
        command.append("PX")
        command.append(time.milliseconds)
        _ = try await harness.redis.send(command)
    }

    private func press(_ earlier: Earlier, in harness: StoreHarness) async throws -> LoginToken {
        let exchangeToken = try LoginToken(at: earlier.token.place, random: .system)
        let result = try await harness.store.exchange(earlier.token, for: exchangeToken, from: nil)
        guard case .exchanged = result else { throw NotExchanged(result: result) }
        return exchangeToken
    }

    private func credential(
        _ kind: CredentialKind, of earlier: Earlier, in harness: StoreHarness
    ) async throws -> Credential {
        switch kind {
        case .mailedToken: .token(earlier.token)
        case .exchangeToken: .token(try await press(earlier, in: harness))
        case .code: .code(earlier.code, of: earlier.handle)
        }
    }

    @Test("each credential of an earlier version signs in once", arguments: CredentialKind.allCases)
    func once(kind: CredentialKind) async throws {
        let harness = try await EarlierTokensTests.harness()
        let earlier = try await store(in: harness)
        #expect(try await harness.store.state(of: earlier.token).word == "live")
        let credential = try await credential(kind, of: earlier, in: harness)
        let answers = try await harness.concurrently { store, _ in try await store.verify(credential) }
        #expect(answers.compactMap(\.address) == ["ada@example.com"])
        #expect(answers.compactMap(\.person?.id) == [earlier.token.id])
        #expect(try await harness.store.state(of: earlier.token).word == "used")
        for other in [Credential.token(earlier.token), .code(earlier.code, of: earlier.handle)] {
            #expect(try await harness.store.verify(other).isRefused)
        }
    }

    @Test(
        "a link of an earlier version keeps its state",
        arguments: [("live", 900, "live"), ("live", -1, "expired"), ("dead", 900, "superseded"), ("used", 900, "used")])
    func states(stored: String, seconds: Int, word: String) async throws {
        let harness = try await EarlierTokensTests.harness()
        let earlier = try await store(in: harness, state: stored, lifetime: .seconds(max(seconds, 1)))
        if seconds < 0 { try await harness.pass(.seconds(2)) }
        let state = try await harness.store.state(of: earlier.token)
        #expect(state.word == word)
        #expect(state.record?.email.text == "ada@example.com")
        let exchangeToken = try LoginToken(at: earlier.token.place, random: .system)
        let result = try await harness.store.exchange(earlier.token, for: exchangeToken, from: nil)
        #expect(result.word == (word == "live" ? "exchanged" : word))
        #expect(try await harness.verify(earlier.token).isRefused)
    }

    @Test("of the exchange tokens of one earlier link only the last works, and the mailed token no longer does")
    func exchanged() async throws {
        let harness = try await EarlierTokensTests.harness()
        let earlier = try await store(in: harness)
        let first = try await press(earlier, in: harness)
        let second = try await press(earlier, in: harness)
        #expect(try await harness.verify(first).isRefused)
        #expect(try await harness.verify(earlier.token).isRefused)
        #expect(try await harness.verify(second).address == "ada@example.com")
    }

    @Test("an earlier link needs its verifier", arguments: CredentialKind.allCases)
    func verifier(kind: CredentialKind) async throws {
        let harness = try await EarlierTokensTests.harness()
        let own = try challenge("a")
        let earlier = try await store(in: harness, challenge: own)
        let credential = try await credential(kind, of: earlier, in: harness)
        for other in [nil, try challenge("b")] {
            #expect(try await harness.store.verify(credential, challenge: other).isRefused)
        }
        #expect(try await harness.store.verify(credential, challenge: own).address == "ada@example.com")
    }

    @Test("the right code of an earlier version works after four wrong ones, and not after five", arguments: 0...6)
    func tries(wrong: Int) async throws {
        let harness = try await EarlierTokensTests.harness()
        // The codes of one address are counted together.
        let earlier = try await store(in: harness)
        let other = try await store(in: harness)
        for number in 0..<wrong {
            let handle = number % 2 == 0 ? earlier.handle : other.handle
            #expect(try await harness.verify(code: "90000\(number)", of: handle).isRefused)
        }
        let answer = try await harness.verify(code: "271828", of: earlier.handle)
        #expect(answer.isRefused == (wrong >= 5))
        #expect(try await harness.verify(earlier.token).isRefused == (wrong < 5))
    }

    @Test("credentials of earlier versions are limited like others", arguments: CredentialKind.allCases)
    func limited(kind: CredentialKind) async throws {
        let press = kind == .exchangeToken ? 1 : 0
        let harness = try await EarlierTokensTests.harness(
            limits: .init(
                client: nil, recipient: nil, deployment: nil, verification: limit("\(1 + press)/1d"),
                code: limit("1/1d")))
        let earlier = try await store(in: harness, challenge: challenge("a"))
        let credential = try await credential(kind, of: earlier, in: harness)
        let isCounted = kind == .exchangeToken ? "192.0.2.2" : "192.0.2.1"
        _ = try await harness.store.verify(credential, from: isCounted)
        if kind == .exchangeToken { _ = try await harness.store.verify(credential, from: isCounted) }
        #expect(try await harness.store.verify(credential, from: isCounted).isLimited)
    }
}
