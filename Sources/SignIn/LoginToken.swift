public import Secrets

/// The secret in a link: 32 random bytes, written as 43 characters of base64url.
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
        try SealingKey(MessageAuthentication(key: bytes).derivedKey(for: "postern token record 1"))
    }
}

extension LoginToken: CustomStringConvertible, CustomReflectable {
    public var description: String { "<secret>" }

    public var customMirror: Mirror { Mirror(self, children: []) }
}
