import Cryptography
import Foundation
import MailQueue
import Net
import Platform
import SignIn
import TestSupport
import Testing

@testable import MailMessage

/// Addresses, jobs and messages for the tests.
enum Sample {
    static let sender = "sign-in@example.com"
    static let recipient = "ada@example.com"
    static let portal = "portal.example.com"
    /// The first half of the SHA-256 of ``token``.
    static let id = "d90bad97384181273203dd0f8cc30e16"
    /// The bytes e0 to ff.
    static let token = "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8"
    static let link = "https://portal.example.com/auth/callback?token=\(token)"

    static func address(_ text: String) throws -> EmailAddress {
        try #require(EmailAddress(parsing: text))
    }

    /// A job of 2025-01-01 00:00:00.123 UTC.
    /// - Parameters:
    ///   - start: the first byte of the token, from which the others count up.
    ///   - next: the path to continue at after the sign-in.
    static func job(
        in language: Language = .english, isNewestOnly: Bool = false, lifetime: Duration = .seconds(900),
        from start: UInt8 = 0xE0, next: String? = nil, to recipient: String = Sample.recipient, code: String? = nil
    ) throws -> MailJob {
        let issuedAt = UnixTime(milliseconds: 1_735_689_600_123)
        let token = try LoginToken(random: .counting(from: start))
        let link = MagicLink(
            origin: try Origin(parsing: "https://\(portal)"), callbackPath: try PortalPath(parsing: "/auth/callback"),
            token: token, next: try next.map { try PortalPath(parsing: $0) })
        let handle = try CodeHandle(random: .counting(from: start))
        let codeRequest = code.flatMap(SignInCode.init(parsing:)).map {
            SignInRequest.CodeRequest(handle: handle, code: $0)
        }
        return MailJob(
            for: SignInRequest(
                link: link, recipient: try address(recipient), language: language, codeRequest: codeRequest),
            isNewestOnly: isNewestOnly, issuedAt: issuedAt, expiresAt: issuedAt + lifetime)
    }

    /// A message with the given content.
    static func message(
        id: String = Sample.id, to recipient: String = Sample.recipient,
        content: String = "Subject: Hello\r\n\r\nHello.\r\n"
    ) throws -> MailMessage {
        MailMessage(
            id: id, sender: try address(sender), recipient: try address(recipient), content: Array(content.utf8))
    }
}

/// A page with link and code inserted, decoded, and with LF line ends.
struct ReadPage {
    let subject: String
    let text: String
    let html: String

    init(_ page: MailTemplates.Page, link: String, code: String = "") {
        func read(_ text: LinkedText) -> String {
            var encoded: [UInt8] = []
            text.append(to: &encoded, link: link, code: code)
            let decoded = Sample.decoded(quotedPrintable: encoded)
            return String(decoding: decoded, as: UTF8.self).replacing("\r\n", with: "\n")
        }
        subject = page.subject
        text = read(page.text)
        html = read(page.html)
    }
}

extension Sample {
    /// Decodes quoted-printable (RFC 2045 §6.7).
    static func decoded(quotedPrintable encoded: [UInt8]) -> [UInt8] {
        var decoded: [UInt8] = []
        var rest = encoded[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "=") else {
                decoded.append(byte)
                continue
            }
            let escape = String(decoding: rest.prefix(2), as: UTF8.self)
            rest = rest.dropFirst(2)
            if escape != "\r\n" { decoded.append(UInt8(escape, radix: 16) ?? 0) }
        }
        return decoded
    }
}

extension Secret {
    /// The bytes as text.
    var text: String { withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
}

extension MailMessage {
    /// The content as text.
    var text: String { String(decoding: content, as: UTF8.self) }

    /// The lines of the header, with folded lines separate.
    var headerLines: [String] {
        (text.components(separatedBy: "\r\n\r\n").first ?? "").components(separatedBy: "\r\n")
    }
}
