import JSON
public import Secrets

/// One e-mail that a sender is to deliver.
public struct MailJob: Sendable {
    /// What the keys that seal jobs are derived for.
    public static let sealingPurpose = "postern mail job 1"

    /// 32 hexadecimal digits, the start of the token's digest: the same however often the request arrives.
    public let id: String
    public let recipient: EmailAddress
    public let link: MagicLink
    public let issuedAt: UnixTime
    /// From when on the link is dead, and the mail not worth sending.
    public let expiresAt: UnixTime

    public init(recipient: EmailAddress, link: MagicLink, issuedAt: UnixTime, expiresAt: UnixTime) {
        id = String(link.token.digest.prefix(32))
        self.recipient = recipient
        self.link = link
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
    }

    /// The job as it is queued: sealed under the first key of the ring, with the job's id beside it in the open.
    ///
    /// Within is a JSON object: `to`, `link`, `origin`, and `issued_at` and `expires_at` in Unix milliseconds.
    public func sealed(by keys: KeyRing, random: RandomBytes) throws(SecretsError) -> SealedMailJob {
        let url = link.url
        var json = JSONWriter(capacity: 256 + url.utf8.count)
        json.member("to", recipient.text)
        json.member("link", url)
        json.member("origin", link.origin.description)
        json.member("issued_at", issuedAt.milliseconds)
        json.member("expires_at", expiresAt.milliseconds)
        var plaintext = json.finish()
        let box = try keys.seal(wiping: &plaintext, authenticating: Array(id.utf8), random: random)
        return SealedMailJob(id: id, keyID: keys.sealingKeyID, box: box)
    }
}

/// A job as it lies in the queue: nobody without the deployment's keys learns who is mailed, or what.
public struct SealedMailJob: Sendable, Equatable {
    /// The job's id, authenticated with the box.
    public let id: String
    /// Which of the deployment's keys opens the box.
    public let keyID: String
    /// Nonce, ciphertext and tag.
    public let box: [UInt8]
}
