public import Secrets

/// The secret in a link: 32 random bytes, written as 43 characters of base64url. What names a request to the browser
/// that made it is of the same kind.
///
/// It is kept nowhere. Redis knows its ``digest``, and what is stored under that is sealed under a key that only the
/// token gives.
public struct LoginToken: Sendable {
    static let byteCount = 32

    private let bytes: Secret
    /// The token as it stands in the link. Not to be logged or stored.
    public let text: String
    /// The SHA-256 of the token's text, in lower-case hexadecimal: the token's name in Redis, and the request's
    /// identity.
    public let digest: String
    /// What names the token to others, in mail and in assertions: the first half of its digest, 32 hexadecimal digits.
    public var id: String { String(digest.prefix(32)) }

    /// Issues a new token.
    public init(random: RandomBytes) throws(SecretsError) {
        try self.init(bytes: random.secret(count: LoginToken.byteCount))
    }

    /// Reads a token out of a link; `nil` where the text is none.
    public init?(parsing text: String) throws(SecretsError) {
        guard text.utf8.count == 43, let bytes = Secret(base64URL: text) else { return nil }
        try self.init(bytes: bytes)
        // The last character has two bits to spare; only one spelling is the token.
        guard self.text == text else { return nil }
    }

    private init(bytes: Secret) throws(SecretsError) {
        self.bytes = bytes
        text = bytes.withUnsafeBytes(base64URL)
        digest = try Digest.sha256.hex(of: Array(text.utf8))
    }

    /// The key that the token's record is sealed under.
    func recordKey() throws(SecretsError) -> SealingKey {
        try SealingKey(key(for: "postern token record 1"))
    }

    private func key(for purpose: String) throws(SecretsError) -> Secret {
        try MessageAuthentication(key: bytes).derivedKey(for: purpose)
    }
}

extension LoginToken {
    /// This token, handed over to who has another: a sealed box of 60 bytes that only the other opens.
    public func handedOver(to other: LoginToken, random: RandomBytes) throws(SecretsError) -> [UInt8] {
        var plaintext = bytes.withUnsafeBytes { [UInt8]($0) }
        return try other.handoverKey().seal(
            wiping: &plaintext, authenticating: Array(other.digest.utf8), random: random)
    }

    /// The token that was handed over to who has `other`.
    /// - Throws: ``SecretsError/notAuthentic`` where it was handed to somebody else.
    public init(handedOver box: [UInt8], to other: LoginToken) throws(SecretsError) {
        let bytes = try other.handoverKey().open(box, authenticating: Array(other.digest.utf8))
        guard bytes.count == LoginToken.byteCount else { throw .notAuthentic }
        try self.init(bytes: bytes)
    }

    /// This token, kept for who brings the code of a request: a box sealed under the first key of a ring.
    public func kept(for requestID: LoginToken, by ring: KeyRing, random: RandomBytes) throws(SecretsError) -> [UInt8] {
        var plaintext = bytes.withUnsafeBytes { [UInt8]($0) }
        return try ring.seal(wiping: &plaintext, authenticating: Array(requestID.digest.utf8), random: random)
    }

    /// The token that was kept for a request.
    /// - Throws: ``SecretsError/notAuthentic`` where it was kept for another.
    public init(
        kept box: [UInt8], for requestID: LoginToken, by ring: KeyRing, keyID: String
    ) throws(SecretsError) {
        let bytes = try ring.open(box, keyID: keyID, authenticating: Array(requestID.digest.utf8))
        guard bytes.count == LoginToken.byteCount else { throw .notAuthentic }
        try self.init(bytes: bytes)
    }

    private func handoverKey() throws(SecretsError) -> SealingKey {
        try SealingKey(key(for: "postern token handover 1"))
    }
}

extension LoginToken: CustomStringConvertible, CustomReflectable {
    public var description: String { "<secret>" }

    public var customMirror: Mirror { Mirror(self, children: []) }
}
