import JSON
public import Secrets
import Validation

/// One e-mail that a sender is to deliver.
public struct MailJob: Sendable, Equatable {
    /// What the keys that seal jobs are derived for.
    public static let sealingPurpose = "postern mail job 1"

    /// 32 hexadecimal digits, the start of the token's digest: the same however often the request arrives.
    public let id: String
    /// Whom the mail is for.
    public let recipient: EmailAddress
    /// The link to sign in, an absolute URL of visible ASCII. It holds the token: not to be logged or stored in the
    /// open.
    public let link: String
    /// The code to sign in with in the link's stead; `nil` where none was asked for.
    public let code: SignInCode?
    /// The portal that asked.
    public let origin: Origin
    /// What the mail is written in.
    public let language: Language
    /// Whether only the newest link that a person was sent can be opened.
    public let isNewestOnly: Bool
    /// When the link was asked for.
    public let issuedAt: UnixTime
    /// From when on the link is dead, and the mail not worth sending.
    public let expiresAt: UnixTime

    /// The mail that takes a link to a person.
    public init(for request: SignInRequest, isNewestOnly: Bool = false, issuedAt: UnixTime, expiresAt: UnixTime) {
        id = request.link.token.id
        recipient = request.recipient
        link = request.link.url
        code = request.codeWay?.code
        origin = request.link.origin
        language = request.language
        self.isNewestOnly = isNewestOnly
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
    }

    /// The job as it is queued: sealed under the first key of the ring, with the job's id beside it in the open.
    ///
    /// Within is a JSON object: `to`, `link`, `code` where there is one, `origin`, `language` (BCP 47), `newest_only`
    /// where that is so, and `issued_at` and `expires_at` in Unix milliseconds.
    public func sealed(by keys: KeyRing, random: RandomBytes) throws(SecretsError) -> SealedMailJob {
        var json = JSONWriter(capacity: 256 + link.utf8.count)
        json.member("to", recipient.text)
        json.member("link", link)
        if let code { json.member("code", code.text) }
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
    /// - Throws: ``SecretsError/unknownKey(id:)`` where another deployment, or a later key, sealed it; and
    ///   ``SecretsError/notAuthentic`` where it was changed, or does not hold what a job holds.
    public init(opening sealed: SealedMailJob, with keys: KeyRing) throws(SecretsError) {
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
        code = if case .string(let text)? = members["code"] { SignInCode(parsing: text) } else { nil }
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

    private static func isLink(_ text: String) -> Bool {
        (text.hasPrefix("https://") || text.hasPrefix("http://")) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}

extension MailJob: CustomStringConvertible, CustomReflectable {
    public var description: String { "mail job \(id)" }

    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A job as it lies in the queue: nobody without the deployment's keys learns who is mailed, or what.
public struct SealedMailJob: Sendable, Equatable {
    /// The job's id, authenticated with the box.
    public let id: String
    /// Which of the deployment's keys opens the box.
    public let keyID: String
    /// Nonce, ciphertext and tag.
    public let box: [UInt8]

    /// A job as it was read from the queue.
    public init(id: String, keyID: String, box: [UInt8]) {
        self.id = id
        self.keyID = keyID
        self.box = box
    }
}
