import Bytes
import Cryptography
import Foundation
@testable import SignIn
import Redis
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(2)))
struct VerificationSecrecyTests {
    private static let day = Duration.seconds(86_400)

    /// How far a person has come when Redis is read.
    private enum Progress: CaseIterable {
        // The first, since time passes for all.
        case expired
        case mailed, opened, openedTwice, triedCode, destroyedCode, triedVerifier, usedLink, usedFresh, usedCode,
            superseded
    }

    @Test("however far they have come no address, token, request, code or path is there, in any common form")
    func nothingUsable() async throws {
        let harness = try await StoreHarness(
            limits: .init(
                client: limit("1000/1d"), recipient: limit("1000/1d"), deployment: limit("1000/1d"),
                verification: limit("1000/1d"), code: limit("1000/1d")),
            retention: VerificationSecrecyTests.day)
        var secrets = ["customer.example", "/orders/17", "n0b0dy@customer"]
        for (number, progress) in Progress.allCases.enumerated() {
            let address = "person\(number)@customer.example"
            let next = "/orders/17?n=\(number)&secret=yes"
            let mail = try await harness.mail(to: address, next: next, challenge: challenge("v"), code: "271828")
            secrets += [address, "person\(number)@", next, mail.token.text, mail.handle.text, mail.link.url]
            // The verifier, of which Redis knows the challenge.
            secrets.append(String(repeating: "v", count: 43))
            secrets += try await bring(mail, to: progress, in: harness).map(\.text)
        }
        let entries = try await everything(in: harness)
        // What is looked for is found where it is: that is the whole of Redis.
        #expect(entries.count > 3 * Progress.allCases.count)
        let tokenKeys = entries.filter { find(Array("postern:token:".utf8), in: $0) }
        #expect(tokenKeys.count > Progress.allCases.count)
        for secret in secrets {
            for form in forms(of: secret) where entries.contains(where: { find(form, in: $0) }) {
                Issue.record("\(secret) is there as \(String(decoding: form, as: UTF8.self))")
            }
        }
        // Six digits are found in many a number, but not in one entry of each request.
        let digits = Array("271828".utf8)
        let withDigits = entries.filter { find(digits, in: $0) }
        #expect(withDigits.count < Progress.allCases.count / 2)
        for digest in [Digest.sha1.bytes(of: digits), Digest.sha256.bytes(of: digits)] {
            let hex = Array(hexadecimal(digest).utf8)
            let found = entries.filter { find(digest, in: $0) || find(hex, in: $0) }
            #expect(found.isEmpty)
        }
    }

    /// Lets somebody come so far.
    /// - Returns: the fresh tokens that were made.
    private func bring(
        _ mail: SentMail, to progress: Progress, in harness: StoreHarness
    ) async throws -> [LoginToken] {
        let verifier = try challenge("v")
        switch progress {
        case .mailed: break
        case .opened: return [try await harness.press(mail)]
        case .openedTwice: return [try await harness.press(mail), try await harness.press(mail)]
        case .triedCode: try await harness.guess(1, of: mail)
        case .destroyedCode: try await harness.guess(5, of: mail)
        case .usedLink: _ = try await harness.verify(mail.token, challenge: verifier)
        case .usedFresh:
            let fresh = try await harness.press(mail)
            _ = try await harness.verify(fresh, challenge: verifier)
            return [fresh]
        case .usedCode: _ = try await harness.verify(code: "271828", of: mail.handle, challenge: verifier)
        case .superseded: _ = try await harness.mail(to: "n0b0dy@customer.example")
        case .expired: try await harness.expire(mail)
        case .triedVerifier: _ = try await harness.verify(mail.token, challenge: challenge("w"))
        }
        return []
    }

    @Test("who asks for a link to another's address, and reads Redis, does not get in without the mail")
    func requesterWhoReads() async throws {
        let harness = try await StoreHarness()
        let mail = try await harness.mail(to: "ada@example.com")
        // The answer names the request; what is sealed for that name is not sealed for who reads Redis, too.
        let reply = try await harness.command("GET", mail.requestKey)
        guard case .bulk(let entry) = reply, let end = entry.firstIndex(of: UInt8(ascii: "\n")) else {
            Issue.record("there is no entry")
            return
        }
        let token = try? LoginToken(
            sealed: Array(entry[(end + 1)...]), for: try #require(LoginToken(parsing: mail.handle.text)))
        #expect(token?.text != mail.token.text)
        #expect(try await harness.verify(token).isRefused)
    }

    // MARK: - Looking

    /// A text as somebody may look for it. Base64 of a part is a part of the base64 at three alignments.
    private func forms(of text: String) -> [[UInt8]] {
        let bytes = Array(text.utf8)
        let hex = hexadecimal(bytes)
        let base64 = (0..<3).map { shift in
            let padded = Data([UInt8](repeating: 0, count: shift) + bytes)
            // The characters at both ends depend on the neighbours.
            return String(padded.base64EncodedString().dropFirst(shift == 0 ? 0 : 4).dropLast(4))
        }
        var forms = ([text, hex, hex.uppercased()] + base64).map { Array($0.utf8) }
        // A token's own bytes.
        if let secret = Secret(base64URL: text), secret.count == 32 { forms.append(secret.withUnsafeBytes(Array.init)) }
        // What is shorter is found by chance.
        return forms.filter { $0.count >= 8 }
    }

    /// Each key, and each value.
    private func everything(in harness: StoreHarness) async throws -> [[UInt8]] {
        let reply = try await harness.command(
            "EVAL",
            """
            local all = {}
            for _, key in ipairs(redis.call('KEYS', '*')) do
              local isStream = redis.call('TYPE', key).ok == 'stream'
              all[#all + 1] = key
              all[#all + 1] = isStream and redis.call('XRANGE', key, '-', '+') or redis.call('GET', key)
            end
            return all
            """, "0")
        return strings(in: reply)
    }

    private func strings(in reply: RESPValue) -> [[UInt8]] {
        switch reply {
        case .bulk(let bytes): [bytes]
        case .array(let elements): elements.flatMap { strings(in: $0) }
        default: []
        }
    }
}

/// Whether a text of bytes stands in another.
private func find(_ text: [UInt8], in bytes: [UInt8]) -> Bool {
    precondition(!text.isEmpty, "nothing is found anywhere")
    return Data(bytes).range(of: Data(text)) != nil
}
