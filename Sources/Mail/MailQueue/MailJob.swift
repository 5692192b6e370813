import Bytes
import Cryptography
import Net
import Platform

/// One e-mail that a sender is to deliver.
package struct MailJob: Sendable, Equatable {
    /// What the keys that seal jobs are derived for.
    package static let sealingPurpose = "postern mail job 1"

    /// 32 hexadecimal digits, the start of the token's digest: the same however often the request arrives.
    package let id: String
    /// Whom the mail is for.
    package let recipient: EmailAddress
    /// The link to sign in, an absolute URL of visible ASCII. It holds the token: not to be logged or stored in the
    /// open.
    package let link: String
    /// The code to sign in with in the link's stead; `nil` where none was asked for.
    package let code: String?
    /// The portal that asked.
    package let origin: Origin
    /// What the mail is written in.
    package let language: Language
    /// Whether only the newest link that a person was sent can be opened.
    package let isNewestOnly: Bool
    /// When the link was asked for.
    package let issuedAt: UnixTime
    /// From when on the link is dead, and the mail not worth sending.
    package let expiresAt: UnixTime

    /// An email that takes a link to a person.
    package init(
        id: String, recipient: EmailAddress, link: String, code: String? = nil, origin: Origin, language: Language,
        isNewestOnly: Bool = false, issuedAt: UnixTime, expiresAt: UnixTime
    ) {
        self.id = id
        self.recipient = recipient
        self.link = link
        self.code = code
        self.origin = origin
        self.language = language
        self.isNewestOnly = isNewestOnly
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
    }

    /// The job as it is queued: sealed under the first key of the ring, with the job's id beside it in the open.
    ///
    /// Within is a JSON object: `to`, `link`, `code` where there is one, `origin`, `language` (BCP 47), `newest_only`
    /// where that is so, and `issued_at` and `expires_at` in Unix milliseconds.
    package func sealed(by keys: KeyRing, random: RandomBytes) throws(CryptoError) -> SealedMailJob {
        var json = JSONWriter(capacity: 256 + link.utf8.count)
        json.member("to", recipient.text)
        json.member("link", link)
        if let code { json.member("code", code) }
        json.member("origin", origin.description)
        json.member("language", language.rawValue)
        if isNewestOnly { json.member("newest_only", true) }
        json.member("issued_at", issuedAt.milliseconds)
        json.member("expires_at", expiresAt.milliseconds)
        var plaintext = json.finish()
        let box = try keys.seal(wiping: &plaintext, authenticating: Array(id.utf8), random: random)
        return SealedMailJob(id: id, keyID: keys.sealingKeyID, box: box)
    }

    /// Opens a job as it was queued. A language that is not known is read as English.
    /// - Throws: ``CryptoError/unknownKey(id:)`` where another deployment, or a later key, sealed it; and
    ///   ``CryptoError/notAuthentic`` where it was changed, or does not hold what a job holds.
    package init(opening sealed: SealedMailJob, with keys: KeyRing) throws(CryptoError) {
        let plaintext = try keys.open(sealed.box, keyID: sealed.keyID, authenticating: Array(sealed.id.utf8))
        guard MailJob.isID(sealed.id),
            case .object(let members)? = try? JSONValue(parsing: plaintext.withUnsafeBytes(Array.init)),
            case .string(let to)? = members["to"], let recipient = EmailAddress(parsing: to),
            case .string(let link)? = members["link"], MailJob.isLink(link),
            case .string(let origin)? = members["origin"], let origin = try? Origin(parsing: origin),
            case .number(let issuedAt)? = members["issued_at"], let issuedAt = Int(exactly: issuedAt),
            case .number(let expiresAt)? = members["expires_at"], let expiresAt = Int(exactly: expiresAt),
            issuedAt >= 0, expiresAt >= issuedAt
        else { throw .notAuthentic }
        id = sealed.id
        self.recipient = recipient
        self.link = link
        code = if case .string(let text)? = members["code"] { MailJob.isCode(text) ? text : nil } else { nil }
        self.origin = origin
        language =
            if case .string(let tag)? = members["language"] { Language(rawValue: tag) ?? .english } else { .english }
        isNewestOnly = members["newest_only"] == .boolean(true)
        self.issuedAt = UnixTime(milliseconds: issuedAt)
        self.expiresAt = UnixTime(milliseconds: expiresAt)
    }

    private static func isID(_ text: String) -> Bool {
        text.utf8.count == 32
            && text.utf8.allSatisfy { $0.isASCIIDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) }
    }

    private static func isCode(_ text: String) -> Bool { text.utf8.count == 6 && text.isASCIIDigits }

    private static func isLink(_ text: String) -> Bool {
        (text.hasPrefix("https://") || text.hasPrefix("http://")) && text.isVisibleASCII
    }
}

extension MailJob: CustomStringConvertible, CustomReflectable {
    package var description: String { "mail job \(id)" }

    package var customMirror: Mirror { Mirror(self, children: []) }
}
