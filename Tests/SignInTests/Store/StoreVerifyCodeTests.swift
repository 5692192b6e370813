@testable import SignIn
import Cryptography
import Net
import Redis
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(2)))
struct StoreVerifyCodeTests {
    private static let day = Duration.seconds(86_400)

    // MARK: - What a code is good for

    @Test("the digits count as they were mailed, zeros before them too")
    func zeros() async throws {
        let harness = try await StoreHarness()
        let mail = try await harness.mail(code: "000042")
        for wrong in ["000420", "420000", "000043", "000000"] {
            let answer = try await harness.verify(code: wrong, of: mail.handle)
            #expect(answer.isRefused)
        }
        #expect(try await harness.verify(code: "000042", of: mail.handle).address == "ada@example.com")
    }

    @Test("a code is good for its own request alone, also where two mails hold the same digits")
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

    @Test("what stands for a code in Redis is another for each request, and not its plain digest")
    func checks() async throws {
        let harness = try await StoreHarness()
        let digits = Array("271828".utf8)
        let plain = [Digest.sha1.hex(of: digits), Digest.sha256.hex(of: digits)]
        var entries: Set<[UInt8]> = []
        var lines: Set<Substring> = []
        for number in 0..<20 {
            let mail = try await harness.mail(to: "person\(number)@example.com", code: "271828")
            let reply = try await harness.command("GET", mail.requestKey)
            guard case .bulk(let entry) = reply else {
                Issue.record("there is no entry")
                return
            }
            entries.insert(entry)
            let line = String(decoding: entry.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            let check = try #require(line.split(separator: " ").first)
            lines.insert(check)
            let found = plain.filter { line.contains($0) }
            #expect(found == [])
        }
        #expect(entries.count == 20)
        #expect(lines.count == 20)
    }

    // MARK: - Refusals

    /// Codes that let nobody in. Each is the mail's own, but the request or the mail is no longer what it was.
    enum Refused: String, Sendable, CaseIterable {
        case noRequest, unknownRequest, mailedToken, used, usedByLink, usedByFresh, expired, expiredLink, superseded,
            lost
        case ofAnother
    }

    private func make(_ refused: Refused, in harness: StoreHarness) async throws -> CodeHandle? {
        let mail = try await harness.mail()
        switch refused {
        case .noRequest: return nil
        case .unknownRequest: return try CodeHandle(random: .system)
        case .mailedToken: return CodeHandle(parsing: mail.token.text)
        case .used: _ = try await harness.verify(code: mail.code.text, of: mail.handle)
        case .usedByLink: _ = try await harness.verify(mail.token)
        case .usedByFresh: _ = try await harness.verify(try await harness.press(mail))
        case .expired: try await harness.expire(mail)
        // The request is still there, as it may be for a moment.
        case .expiredLink: try await harness.command("PEXPIRE", mail.tokenKey, "\(harness.retention)")
        case .superseded: _ = try await harness.mail(code: "314159")
        case .lost: try await harness.command("DEL", mail.tokenKey)
        case .ofAnother: return try await harness.mail(for: "https://other.example.com", code: "314159").handle
        }
        return mail.handle
    }

    @Test(
        "a code that lets nobody in is refused however often, and nothing changes but the client's bucket",
        arguments: Refused.allCases, [true, false])
    func refused(_ refused: Refused, isLimited: Bool) async throws {
        let harness = try await StoreHarness(
            limits: .init(
                client: nil, recipient: nil, deployment: nil, verification: limit("1000/1d"),
                code: isLimited ? limit("1000/1d") : nil),
            retention: StoreVerifyCodeTests.day)
        let bucket: Set<String> = isLimited ? ["postern:code:192.0.2.1"] : []
        // Only this one was wrong for a code that may still be tried.
        let isCounted = refused == .ofAnother
        let handle = try await make(refused, in: harness)
        for _ in 0..<3 {
            let before = try await harness.snapshot()
            let answer = try await harness.verify(code: "271828", of: handle)
            guard case .refused(let decoy, let quota) = answer else {
                Issue.record("\(refused) was not refused")
                return
            }
            #expect(decoy.record.email.text != "ada@example.com")
            #expect((quota != nil) == isLimited)
            let after = try await harness.snapshot()
            let tries = after.entries.keys.filter { $0.hasPrefix("postern:tries:") }
            #expect(tries.isEmpty != isCounted)
            #expect(after.changes(since: before) == bucket.union(tries))
        }
    }

    @Test("the right code with the wrong verifier is a try, too")
    func wrongVerifier() async throws {
        let harness = try await StoreHarness()
        let asked = try challenge("a")
        let other = try challenge("b")
        let mail = try await harness.mail(challenge: asked)
        for brought in [nil, other, nil, other] {
            let answer = try await harness.verify(code: "271828", of: mail.handle, challenge: brought)
            #expect(answer.isRefused)
        }
        // A wrong code with the right verifier is the fifth.
        #expect(try await harness.verify(code: "000000", of: mail.handle, challenge: asked).isRefused)
        #expect(try await harness.verify(code: "271828", of: mail.handle, challenge: asked).isRefused)
        // The link has nothing to do with it.
        #expect(try await harness.verify(mail.token, challenge: asked).address == "ada@example.com")
    }

    @Test("what is at a request's key and is no entry lets nobody in, and stays")
    func garbage() async throws {
        let harness = try await StoreHarness()
        let mail = try await harness.mail()
        let check = CodeKeys(StoreHarness.keys).tags(of: mail.code, for: mail.handle)
        let digest = mail.token.digest
        for entry in [
            "", "garbage", check, "\(check) ", "\(check) \(digest)", "\(check) \(digest) ", "\(check) zz k1\nbox",
        ] {
            try await harness.command("SET", mail.requestKey, entry, "EX", "900")
            let before = try await harness.snapshot()
            let answer = try await harness.verify(code: "271828", of: mail.handle)
            #expect(answer.isRefused)
            let after = try await harness.snapshot()
            #expect(after == before)
        }
    }

    @Test("who may write to Redis, but has no mail, lets nobody in by another's request")
    func forged() async throws {
        let harness = try await StoreHarness()
        let mail = try await harness.mail(to: "ada@example.com")
        let own = try await harness.mail(to: "eve@example.com", code: "314159")
        // Eve's request, with the check of a code that she knows, before the token that is sealed for Ada's browser.
        let reply = try await harness.command("GET", mail.requestKey)
        guard case .bulk(let entry) = reply, let end = entry.firstIndex(of: UInt8(ascii: "\n")) else {
            Issue.record("there is no entry")
            return
        }
        let check = CodeKeys(StoreHarness.keys).tags(of: own.code, for: own.handle)
        var forge = RedisCommand("SET")
        forge.append(own.requestKey)
        forge.append(Array("\(check) \(mail.token.digest) k1".utf8) + entry[end...])
        _ = try await harness.redis.send(forge)
        await #expect(throws: StoreError.crypto(.notAuthentic)) {
            _ = try await harness.verify(code: "314159", of: own.handle)
        }
    }
}
