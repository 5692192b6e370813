import Bytes
import Cryptography
import Foundation
import Redis
import TestSupport
import Testing

@testable import SignIn

@Suite(.timeLimit(.minutes(2)))
struct VerificationSecrecyTests {
    private static let day = Duration.seconds(86_400)

    /// The progress of a sign-in when Redis is read.
    private enum Progress: CaseIterable {
        // The first case, because time passes for all sign-ins.
        case expired
        case mailed, opened, openedTwice, triedCode, destroyedCode, triedVerifier, usedLink, usedExchangeToken,
            usedCode,
            superseded
    }

    @Test("whatever the progress, Redis holds no address, token, handle, code or path, in any common form")
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
            // The verifier. Redis knows only the challenge.
            secrets.append(String(repeating: "v", count: 43))
            secrets += try await advance(mail, to: progress, in: harness).map(\.text)
        }
        let entries = try await everything(in: harness)
        // The entries are complete: a text that is there is found.
        #expect(entries.count > 2 * Progress.allCases.count)
        let linkKeys = entries.filter { find(Array("postern:links:".utf8), in: $0) }
        #expect(linkKeys.count >= Progress.allCases.count)
        for secret in secrets {
            for form in forms(of: secret) where entries.contains(where: { find(form, in: $0) }) {
                Issue.record("\(secret) is there as \(String(decoding: form, as: UTF8.self))")
            }
        }
        // Some numbers contain the six digits by chance, but not one for each request.
        let digits = Array("271828".utf8)
        let withDigits = entries.filter { find(digits, in: $0) }
        #expect(withDigits.count < Progress.allCases.count / 2)
        for digest in [Digest.sha1.bytes(of: digits), Digest.sha256.bytes(of: digits)] {
            let hex = Array(hexadecimal(digest).utf8)
            let found = entries.filter { find(digest, in: $0) || find(hex, in: $0) }
            #expect(found.isEmpty)
        }
    }

    /// Brings a sign-in to this progress.
    /// - Returns: the exchange tokens.
    private func advance(
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
        case .usedExchangeToken:
            let exchangeToken = try await harness.press(mail)
            _ = try await harness.verify(exchangeToken, challenge: verifier)
            return [exchangeToken]
        case .usedCode: _ = try await harness.verify(code: "271828", of: mail.handle, challenge: verifier)
        case .superseded: try await harness.edit(mail, "link.state = 'superseded'")
        case .expired: try await harness.expire(mail)
        case .triedVerifier: _ = try await harness.verify(mail.token, challenge: challenge("w"))
        }
        return []
    }

    @Test("a client that requests a link to another address, and reads Redis, cannot sign in without the email")
    func requesterWhoReads() async throws {
        let harness = try await StoreHarness()
        let mail = try await harness.mail(to: "ada@example.com")
        // The response has the handle. The token that is stored for it is sealed with a key of the deployment, too.
        let box = try await harness.bytes("link.code.token", of: mail)
        let token = try? LoginToken(
            sealed: box, for: try #require(LoginToken(parsing: mail.handle.text)), by: StoreHarness.tokenKeys)
        #expect(token?.text != mail.token.text)
        #expect(try await harness.verify(token).isRefused)
    }

    @Test("write access to Redis signs nobody in with another person's record")
    func forged() async throws {
        let harness = try await StoreHarness()
        let mail = try await harness.mail()
        let own = try mail.newExchangeToken()
        try await harness.command("COPY", mail.linksKey, "postern:copy")
        try await harness.edit(mail, "link.id = '\(own.id)'")
        await #expect(throws: StoreError.crypto(.notAuthentic)) { _ = try await harness.verify(own) }
        // Nor with an exchange token that leads to it: the mailed token is not sealed for that.
        try await harness.command("COPY", "postern:copy", mail.linksKey, "REPLACE")
        let sealed = String(repeating: "0", count: 60)
        try await harness.edit(mail, "link.exchange = { id = '\(own.id)', ends = link.ends, token = '\(sealed)' }")
        await #expect(throws: StoreError.crypto(.notAuthentic)) { _ = try await harness.verify(own) }
        try await harness.command("COPY", "postern:copy", mail.linksKey, "REPLACE")
        #expect(try await harness.verify(mail.token).address == "ada@example.com")
    }

    // MARK: - Search

    /// A text in the forms in which it might be stored. Its base64 within that of a longer text has three alignments.
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
        // Shorter forms are found by chance.
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

/// Whether bytes contain a text.
private func find(_ text: [UInt8], in bytes: [UInt8]) -> Bool {
    precondition(!text.isEmpty, "nothing is found anywhere")
    return Data(bytes).range(of: Data(text)) != nil
}
