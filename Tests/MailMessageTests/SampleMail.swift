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
    /// The languages of the built-in templates. A test compares them with the files.
    static let languages = MailTemplates.builtIn.languages(of: "sign-in")
    /// Those that are written from right to left.
    static let rightToLeft: Set<Language> = ["ar", "he"]

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
            id: id, sender: try address(sender), recipients: [try address(recipient)], content: Array(content.utf8))
    }
}

/// All values of a sign-in email except its link and code.
struct SignInVariant {
    let language: Language
    let product: String
    let portal: String
    let isNewestOnly: Bool
    let hasCode: Bool
    let lifetime: Duration
}

extension MailTemplates {
    /// Renders the texts of a sign-in email.
    func page(for variant: SignInVariant) -> MailTemplate.Page {
        // Every set of templates has this one.
        self["sign-in"]!.page(
            in: variant.language,
            with: MailTemplate.Values(
                names: ["product": variant.product, "portal": variant.portal],
                sections: ["newestOnly": variant.isNewestOnly], secrets: variant.hasCode ? ["link", "code"] : ["link"],
                lifetimeMinutes: max(1, Int(variant.lifetime.components.seconds) / 60)))
    }

    /// The languages of the sign-in email.
    var languages: [Language] { languages(of: "sign-in") }
}

/// A page with link and code inserted, decoded, and with LF line ends.
struct ReadPage {
    let subject: String
    let text: String
    let html: String

    init(_ page: MailTemplate.Page, link: String, code: String = "") {
        func read(_ text: SlottedText) -> String {
            var encoded: [UInt8] = []
            text.append(to: &encoded, secrets: [link, code])
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

extension Sample {
    /// The subject in each language, with `*` for the product's name.
    static let subjects: [Language: String] = [
        "ar": "تسجيل الدخول إلى *", "de": "Anmeldung bei *", "en": "Sign in to *", "es": "Inicio de sesión en *",
        "fr": "Connexion à *", "he": "כניסה אל *", "it": "Accesso a *", "ja": "【*】ログイン用リンクのご案内",
        "ko": "* 로그인 링크", "nl": "Inloggen bij *", "pl": "Logowanie do usługi *", "pt": "Acesso a *",
        "tr": "* için oturum açma bağlantısı", "zh-Hans": "* 登录链接", "zh-Hant": "* 登入連結",
    ]

    /// Lifetimes, and each language's words for them, without no-break spaces.
    static let durations: [Duration] = [60, 900, 3600, 86_400, 5400, 119, 179].map { .seconds($0) }
    static let lifetimes: [Language: [String]] = [
        "ar": ["1 د", "15 د", "1 س", "24 س", "90 د", "1 د", "2 د"],
        "de": ["1 Minute", "15 Minuten", "1 Stunde", "24 Stunden", "90 Minuten", "1 Minute", "2 Minuten"],
        "en": ["1 minute", "15 minutes", "1 hour", "24 hours", "90 minutes", "1 minute", "2 minutes"],
        "es": ["1 minuto", "15 minutos", "1 hora", "24 horas", "90 minutos", "1 minuto", "2 minutos"],
        "fr": ["1 minute", "15 minutes", "1 heure", "24 heures", "90 minutes", "1 minute", "2 minutes"],
        "he": ["דקה 1", "15 דקות", "שעה 1", "24 שעות", "90 דקות", "דקה 1", "2 דקות"],
        "it": ["1 minuto", "15 minuti", "1 ora", "24 ore", "90 minuti", "1 minuto", "2 minuti"],
        "ja": ["1分", "15分", "1時間", "24時間", "90分", "1分", "2分"],
        "ko": ["1분", "15분", "1시간", "24시간", "90분", "1분", "2분"],
        "nl": ["1 minuut", "15 minuten", "1 uur", "24 uur", "90 minuten", "1 minuut", "2 minuten"],
        "pl": ["1 min", "15 min", "1 godz.", "24 godz.", "90 min", "1 min", "2 min"],
        "pt": ["1 minuto", "15 minutos", "1 hora", "24 horas", "90 minutos", "1 minuto", "2 minutos"],
        "tr": ["1 dakika", "15 dakika", "1 saat", "24 saat", "90 dakika", "1 dakika", "2 dakika"],
        "zh-Hans": ["1 分钟", "15 分钟", "1 小时", "24 小时", "90 分钟", "1 分钟", "2 分钟"],
        "zh-Hant": ["1 分鐘", "15 分鐘", "1 小時", "24 小時", "90 分鐘", "1 分鐘", "2 分鐘"],
    ]
}

extension String {
    /// The text without U+2068 and U+2069, which isolate names (UAX #9).
    var withoutIsolates: String { String(unicodeScalars.filter { $0 != "\u{2068}" && $0 != "\u{2069}" }) }
}
