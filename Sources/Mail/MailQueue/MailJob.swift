import Bytes
import Cryptography
import Net
import Platform

/// One sign-in email for a worker to deliver.
package struct MailJob: Sendable, Equatable {
    /// The purpose that the keys sealing jobs are derived for.
    package static let sealingPurpose = "postern mail job 1"

    /// 32 lowercase hexadecimal digits: the first half of the SHA-256 of the link's token. A repeated request has the
    /// same id.
    package let id: String
    /// The address to deliver to.
    package let recipient: EmailAddress
    /// The sign-in link: an absolute `http://` or `https://` URL of visible ASCII. It contains the token, so it must
    /// not be logged, or stored unencrypted.
    package let link: String
    /// The 6-digit code that can be entered instead of opening the link, or `nil` if none was requested.
    package let code: String?
    /// The origin of the portal that requested the link.
    package let origin: Origin
    /// The recipient's language. The worker chooses the closest that it has texts in.
    package let language: Language
    /// Whether only the newest link sent to the recipient works.
    package let isNewestOnly: Bool
    /// The time of the request for the link.
    package let issuedAt: UnixTime
    /// The time from which the link no longer works and the email is not sent.
    package let expiresAt: UnixTime

    /// Creates a job from its parts.
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

    /// Returns the job in the form in which it is queued: sealed with the first key of the ring, and authenticated
    /// together with the job's id, which is not encrypted.
    ///
    /// The plaintext is a JSON object with the members `to`, `link`, `code` (only if there is one), `origin`,
    /// `language` (BCP 47), `newest_only` (only if true), and `issued_at` and `expires_at` (Unix milliseconds).
    /// - Throws: ``CryptoError/noRandomness`` if there are no random bytes for the nonce.
    package func sealed(by keys: KeyRing, random: RandomBytes) throws(CryptoError) -> SealedMailJob {
        var json = JSONWriter(capacity: 256 + link.utf8.count)
        json.member("to", recipient.text)
        json.member("link", link)
        if let code { json.member("code", code) }
        json.member("origin", origin.description)
        json.member("language", language.tag)
        if isNewestOnly { json.member("newest_only", true) }
        json.member("issued_at", issuedAt.milliseconds)
        json.member("expires_at", expiresAt.milliseconds)
        var plaintext = json.finish()
        let box = try keys.seal(wiping: &plaintext, authenticating: Array(id.utf8), random: random)
        return SealedMailJob(id: id, keyID: keys.sealingKeyID, box: box)
    }

    /// Opens a queued job. A missing or malformed language is read as English. A malformed code is ignored.
    /// - Throws: ``CryptoError/unknownKey(id:)`` if the ring does not have the key that sealed it, and
    ///   ``CryptoError/notAuthentic`` if it was changed, or if a required member is missing or invalid.
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
            if case .string(let tag)? = members["language"] { (try? Language(parsing: tag)) ?? .english } else {
                .english
            }
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
