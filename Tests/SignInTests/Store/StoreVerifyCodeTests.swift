import Cryptography
import Net
import Redis
import TestSupport
import Testing

@testable import SignIn

@Suite(.timeLimit(.minutes(2)))
struct StoreVerifyCodeTests {
    private static let day = Duration.seconds(86_400)

    // MARK: - Codes

    @Test("a code must have the digits that were mailed, including leading zeros")
    func zeros() async throws {
        let harness = try await StoreHarness()
        let mail = try await harness.mail(code: "000042")
        for wrong in ["000420", "420000", "000043", "000000"] {
            let answer = try await harness.verify(code: wrong, of: mail.handle)
            #expect(answer.isRefused)
        }
        #expect(try await harness.verify(code: "000042", of: mail.handle).address == "ada@example.com")
    }

    @Test("a code works only with its own handle, even if two emails have the same digits")
    func own() async throws {
        let harness = try await StoreHarness()
        let ada = try await harness.mail(to: "ada@example.com", code: "111111")
        let bob = try await harness.mail(to: "bob@example.com", code: "222222")
        let eve = try await harness.mail(to: "eve@example.com", code: "111111")
        #expect(try await harness.verify(code: "111111", of: bob.handle).isRefused)
        #expect(try await harness.verify(code: "222222", of: ada.handle).isRefused)
        #expect(try await harness.verify(code: "111111", of: eve.handle).address == "eve@example.com")
        #expect(try await harness.verify(code: "111111", of: ada.handle).address == "ada@example.com")
        #expect(try await harness.verify(code: "222222", of: bob.handle).address == "bob@example.com")
    }

    @Test("the tag of a code in Redis differs for each request, and is not the code's plain digest")
    func tags() async throws {
        let harness = try await StoreHarness()
        let digits = Array("271828".utf8)
        let plain = [Digest.sha1.hex(of: digits), Digest.sha256.hex(of: digits)]
        var tags: Set<String> = []
        for number in 0..<20 {
            let mail = try await harness.mail(to: "person\(number)@example.com", code: "271828")
            tags.insert(try await harness.tag(of: mail))
        }
        #expect(tags.count == 20)
        #expect(tags.isDisjoint(with: plain))
    }

    // MARK: - Refusals

    /// Codes that must be refused. Each is the email's own, but its handle is another, or its link no longer works.
    enum Refused: String, Sendable, CaseIterable {
        case noHandle, unknownHandle, mailedToken, used, usedByLink, usedByExchangeToken, expired, expiredLink,
            superseded,
            lost
        case ofAnother
    }

    private func make(_ refused: Refused, in harness: StoreHarness) async throws -> CodeHandle? {
        let mail = try await harness.mail()
        switch refused {
        case .noHandle: return nil
        case .unknownHandle: return try CodeHandle(random: .system)
        case .mailedToken: return CodeHandle(parsing: mail.token.text)
        case .used: _ = try await harness.verify(code: mail.code.text, of: mail.handle)
        case .usedByLink: _ = try await harness.verify(mail.token)
        case .usedByExchangeToken: _ = try await harness.verify(try await harness.press(mail))
        case .expired: try await harness.expire(mail)
        case .expiredLink: try await harness.edit(mail, "link.ends = link.ends - 901000")
        case .superseded: try await harness.edit(mail, "link.state = 'superseded'")
        case .lost: try await harness.command("DEL", mail.linksKey)
        case .ofAnother: return try await harness.mail(for: "https://other.example.com", code: "314159").handle
        }
        return mail.handle
    }

    @Test(
        "a code that must be refused is refused every time, and nothing changes but the client's bucket",
        arguments: Refused.allCases, [true, false])
    func refused(_ refused: Refused, isLimited: Bool) async throws {
        let harness = try await StoreHarness(
            limits: .init(
                client: nil, recipient: nil, deployment: nil, verification: limit("1000/1d"),
                code: isLimited ? limit("1000/1d") : nil),
            retention: StoreVerifyCodeTests.day)
        let bucket: Set<String> = isLimited ? ["postern:code:192.0.2.1", "postern:code:192.0.2.0/24"] : []
        // Only this handle has a code that still works, so only here a wrong code is counted.
        let isCounted = refused == .ofAnother
        let handle = try await make(refused, in: harness)
        for _ in 0..<3 {
            let before = try await harness.snapshot()
            let answer = try await harness.verify(code: "271828", of: handle)
            guard case .refused(let decoy, let quota, _) = answer else {
                Issue.record("\(refused) was not refused")
                return
            }
            #expect(decoy.record.email.text != "ada@example.com")
            #expect((quota != nil) == isLimited)
            let after = try await harness.snapshot()
            let tries = after.entries.keys.filter { $0.hasPrefix("postern:wrong:") }
            #expect(tries.isEmpty != isCounted)
            let counted = isCounted ? ["postern:links:\(handle?.place.text ?? "")"] : []
            #expect(after.changes(since: before) == bucket.union(tries).union(counted))
        }
    }

    @Test("the right code with a wrong verifier counts as a wrong code")
    func wrongVerifier() async throws {
        let harness = try await StoreHarness()
        let requested = try challenge("a")
        let other = try challenge("b")
        let mail = try await harness.mail(challenge: requested)
        for presented in [nil, other, nil, other] {
            let answer = try await harness.verify(code: "271828", of: mail.handle, challenge: presented)
            #expect(answer.isRefused)
        }
        // A wrong code with the right verifier is the fifth.
        #expect(try await harness.verify(code: "000000", of: mail.handle, challenge: requested).isRefused)
        #expect(try await harness.verify(code: "271828", of: mail.handle, challenge: requested).isRefused)
        // The link is not affected.
        #expect(try await harness.verify(mail.token, challenge: requested).address == "ada@example.com")
    }

    @Test(
        "a code that was changed in Redis signs nobody in",
        arguments: ["link.code = nil", "link.code = {}", "link.code.tag = ''", "link.code = { id = link.code.id }"])
    func garbage(statement: String) async throws {
        let harness = try await StoreHarness()
        let mail = try await harness.mail()
        try await harness.edit(mail, statement)
        #expect(try await harness.verify(code: "271828", of: mail.handle).isRefused)
        #expect(try await harness.verify(mail.token).address == "ada@example.com")
    }

    @Test("write access to Redis signs nobody in with another person's code")
    func forged() async throws {
        let harness = try await StoreHarness()
        let mail = try await harness.mail(to: "ada@example.com")
        let own = try await harness.mail(to: "eve@example.com", code: "314159")
        // The tag of a code that Eve knows, for her handle, beside the token that is sealed for Ada's handle.
        let tag = try await harness.tag(of: own)
        try await harness.edit(mail, "link.code.id, link.code.tag = '\(own.handle.id)', '\(tag)'")
        try await harness.command("COPY", mail.linksKey, own.linksKey, "REPLACE")
        await #expect(throws: StoreError.crypto(.notAuthentic)) {
            _ = try await harness.verify(code: "314159", of: own.handle)
        }
    }
}

extension StoreHarness {
    /// The stored tag of an email's code.
    fileprivate func tag(of mail: SentMail) async throws -> String {
        String(decoding: try await bytes("link.code.tag", of: mail), as: UTF8.self)
    }
}
