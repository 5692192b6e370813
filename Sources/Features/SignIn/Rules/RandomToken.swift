import Bytes
import Cryptography

/// 32 random bytes, written as 43 characters of base64url: the value of a ``LoginToken`` or a ``CodeHandle``.
struct RandomToken: Sendable {
    static let byteCount = 32

    let bytes: Secret
    /// Not to be logged or stored.
    let text: String
    /// The SHA-256 of the text, in lower-case hexadecimal.
    let digest: String

    /// Draws a new token.
    init(random: RandomBytes) throws(CryptoError) {
        self.init(bytes: try random.secret(count: RandomToken.byteCount))
    }

    /// Parses a token's text; `nil` for any other text.
    init?(parsing text: String) {
        guard text.utf8.count == 43, let bytes = Secret(base64URL: text) else { return nil }
        self.init(bytes: bytes)
        // The last character has two unused bits. Only the spelling with zeros there is accepted.
        guard self.text == text else { return nil }
    }

    /// - Parameter bytes: 32 bytes.
    init(bytes: Secret) {
        self.bytes = bytes
        text = bytes.withUnsafeBytes(base64URL)
        digest = Digest.sha256.hex(of: Array(text.utf8))
    }
}
