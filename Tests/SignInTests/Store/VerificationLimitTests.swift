import Cryptography
import Net
import Redis
import TestSupport
import Testing

@testable import SignIn

@Suite(.timeLimit(.minutes(2)))
struct VerificationLimitTests {
    private static let day = Duration.seconds(86_400)

    private static func harness(verification: String, code: String) async throws -> StoreHarness {
        try await StoreHarness(
            limits: .init(
                client: limit("1000/1d"), recipient: nil, deployment: nil, verification: limit(verification),
                code: limit(code)),
            retention: day)
    }

    @Test(
        "a limit refuses after its burst, and reports the wait; nothing changes, and the token is not used",
        arguments: CredentialKind.allCases)
    func refused(kind: CredentialKind) async throws {
        let harness = try await VerificationLimitTests.harness(verification: "4/1d", code: "3/1d")
        let mail = try await harness.mail()
        // For an exchange token, the press of the button is the first of four.
        let credential = try await harness.credential(kind, of: mail)
        let zeros = try sixDigits("000000")
        let wrong =
            kind == .code
            ? Credential.code(zeros, of: mail.handle) : Credential.token(LoginToken(parsing: mail.handle.text))
        let count = kind == .mailedToken ? 4 : 3
        for number in 1...count {
            let answer = try await harness.store.verify(wrong)
            #expect(answer.isRefused)
            #expect(answer.quota?.left == count - number)
        }
        let before = try await harness.snapshot()
        for _ in 0..<3 {
            let answer = try await harness.store.verify(credential)
            guard case .limited(_, let retryAfter, let quota) = answer else {
                Issue.record("the bucket should be empty")
                return
            }
            // The bucket gets a token in six hours, or in eight.
            #expect(retryAfter > .seconds(3600))
            #expect(retryAfter <= .seconds(28_800))
            #expect(quota?.left == 0)
        }
        #expect(try await harness.snapshot() == before)
        // Another client is not limited, and the credential still works.
        #expect(try await harness.store.verify(credential, from: "198.51.100.7").address == "ada@example.com")
    }

    @Test("wrong codes beyond the limit are not counted as tries")
    func notCounted() async throws {
        let harness = try await VerificationLimitTests.harness(verification: "9/1d", code: "4/1d")
        let mail = try await harness.mail()
        try await harness.guess(4, of: mail)
        for number in 0..<9 {
            let answer = try await harness.verify(code: "00000\(number)", of: mail.handle)
            #expect(answer.isLimited)
        }
        let answer = try await harness.verify(code: "271828", of: mail.handle, from: "198.51.100.7")
        #expect(answer.address == "ada@example.com")
    }

    @Test("only wrong codes that were judged count for the deployment; beyond its limit, one try of a code is judged")
    func deploymentCodes() async throws {
        let harness = try await StoreHarness(
            limits: .init(
                client: nil, recipient: nil, deployment: nil, code: limit("100/1d"), deploymentCodes: limit("4/1d")))
        let mails = [
            try await harness.mail(to: "a@example.com"), try await harness.mail(to: "b@example.com"),
            try await harness.mail(to: "c@example.com"),
        ]
        // Neither right codes, nor those of unknown handles.
        #expect(try await harness.verify(code: "271828", of: mails[0].handle).address == "a@example.com")
        for _ in 0..<3 { #expect(try await harness.verify(code: "000000", of: nil).isRefused) }
        #expect(try await harness.keys("postern:wrong-codes") == [])
        try await harness.guess(2, of: mails[1], from: "198.51.100.1")
        try await harness.guess(2, of: mails[2], from: "203.0.113.1")
        // Whoever has a code gets in at the first try. Whoever guesses needs an email for each guess.
        let first = try await harness.mail(to: "d@example.com")
        #expect(try await harness.verify(code: "271828", of: first.handle).address == "d@example.com")
        let guessed = try await harness.mail(to: "e@example.com")
        try await harness.guess(1, of: guessed)
        for mail in [mails[1], mails[2], guessed] {
            let answer = try await harness.verify(code: "271828", of: mail.handle)
            guard case .limited(let limit, let retryAfter, let quota?) = answer else {
                Issue.record("the deployment's limit should refuse")
                return
            }
            #expect(limit.name == "deployment_codes")
            #expect(retryAfter > .seconds(21_000) && retryAfter <= .seconds(21_600))
            #expect(quota.left < 96)
        }
        // The link works, and no try was counted.
        #expect(try await harness.verify(mails[1].token).address == "b@example.com")
        try harness.server.command("DEL", "postern:wrong-codes")
        #expect(try await harness.verify(code: "271828", of: mails[2].handle).address == "c@example.com")
    }

    @Test("tokens, codes and requests have a bucket each, which does not limit the others")
    func ownBuckets() async throws {
        let harness = try await VerificationLimitTests.harness(verification: "1/1d", code: "1/1d")
        let mail = try await harness.mail()
        #expect(try await harness.keys("postern:ip:") == ["postern:ip:192.0.2.1", "postern:ip:192.0.2.0/24"])
        #expect(try await harness.verify(nil).isRefused)
        #expect(
            try await harness.keys("postern:verify:") == ["postern:verify:192.0.2.1", "postern:verify:192.0.2.0/24"])
        #expect(try await harness.keys("postern:code:") == [])
        #expect(try await harness.verify(nil).isLimited)
        #expect(try await harness.verify(code: "000000", of: mail.handle).isRefused)
        #expect(try await harness.keys("postern:code:") == ["postern:code:192.0.2.1", "postern:code:192.0.2.0/24"])
        #expect(try await harness.verify(code: "271828", of: mail.handle).isLimited)
        let other = try await harness.mail(to: "bob@example.com")
        #expect(try await harness.verify(other.token, from: "198.51.100.7").address == "bob@example.com")
    }

    @Test("an empty bucket of requests does not limit verifications", arguments: CredentialKind.allCases)
    func requests(kind: CredentialKind) async throws {
        let harness = try await StoreHarness(
            limits: .init(
                client: limit("1/1d"), recipient: nil, deployment: nil, verification: limit("9/1d"),
                code: limit("9/1d")),
            retention: VerificationLimitTests.day)
        let mail = try await harness.mail()
        if case .admitted = try await harness.admit() { Issue.record("the bucket of requests should be empty") }
        let credential = try await harness.credential(kind, of: mail)
        #expect(try await harness.store.verify(credential).address == "ada@example.com")
    }

    @Test("without a limit there is no bucket, and no quota", arguments: CredentialKind.allCases)
    func off(kind: CredentialKind) async throws {
        let harness = try await StoreHarness(retention: VerificationLimitTests.day)
        let mail = try await harness.mail()
        let credential = try await harness.credential(kind, of: mail)
        let answer = try await harness.store.verify(credential)
        #expect(answer.address == "ada@example.com")
        #expect(answer.quota == nil)
        let kinds = Set(try await harness.keys("").map { String($0.split(separator: ":")[1]) })
        #expect(kinds == ["links", "mail"])
    }

    @Test(
        "a bucket is for one IPv4 address, for one IPv6 /64, or for all unknown addresses",
        arguments: [
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true), ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false), (nil, nil, true),
            (nil, "192.0.2.1", false),
        ] as [(String?, String?, Bool)])
    func networks(first: String?, second: String?, isSame: Bool) async throws {
        let harness = try await VerificationLimitTests.harness(verification: "1/1d", code: "1/1d")
        let mail = try await harness.mail()
        #expect(try await harness.verify(nil, from: first).isRefused)
        #expect(try await harness.verify(nil, from: second).isLimited == isSame)
        #expect(try await harness.verify(code: "000000", of: mail.handle, from: first).isRefused)
        #expect(try await harness.verify(code: "000000", of: mail.handle, from: second).isLimited == isSame)
    }

    @Test("of 64 calls at once as many are processed as the bucket has tokens")
    func atOnce() async throws {
        let harness = try await VerificationLimitTests.harness(verification: "10/1d", code: "10/1d")
        let tokens = try await harness.concurrently { store, _ in try await store.verify(.token(nil)) }
        #expect(tokens.filter(\.isRefused).count == 10)
        #expect(tokens.filter(\.isLimited).count == 54)
        let codes = try await harness.concurrently { store, _ in
            try await store.verify(.code(try sixDigits("000000"), of: nil))
        }
        #expect(codes.filter(\.isRefused).count == 10)
        #expect(codes.filter(\.isLimited).count == 54)
    }

    @Test("a press of the button takes from the bucket of tokens; beyond the limit it changes nothing")
    func exchanged() async throws {
        let harness = try await VerificationLimitTests.harness(verification: "3/1d", code: "1/1d")
        let mail = try await harness.mail()
        _ = try await harness.press(mail)
        let exchangeToken = try await harness.press(mail)
        let other = try await harness.store.exchange(nil, for: try LoginToken(random: .system), from: .v4(0xC000_0201))
        #expect(other.word == "unknown")
        let before = try await harness.snapshot()
        let result = try await harness.store.exchange(
            mail.token, for: try mail.newExchangeToken(), from: .v4(0xC000_0201))
        guard case .limited(let retryAfter) = result else {
            Issue.record("the bucket should be empty")
            return
        }
        #expect(retryAfter > .seconds(3600))
        #expect(try await harness.verify(exchangeToken).isLimited)
        #expect(try await harness.snapshot() == before)
        // Inspecting a link is not limited.
        #expect(try await harness.store.state(of: mail.token).word == "live")
        #expect(try await harness.verify(exchangeToken, from: "198.51.100.7").address == "ada@example.com")
    }
}
