import Bytes
import Cryptography

/// A secret by which a server authenticates: `pk_` and the base64url of 32 random bytes, 46 characters.
///
/// It is shown once, when it is made, and stored nowhere. Postern knows only its ``digest``.
package struct APIKey: Sendable {
    private static let prefix = "pk_"
    private static let byteCount = 32
    /// The length of its text.
    static let length = prefix.utf8.count + 43

    /// The key as callers send it. Not to be logged or stored.
    package let text: String
    package let digest: APIKeyDigest

    /// Draws a new key.
    /// - Throws: ``CryptoError/noRandomness``.
    package init(random: RandomBytes) throws(CryptoError) {
        let bytes = try random.secret(count: APIKey.byteCount)
        text = APIKey.prefix + bytes.withUnsafeBytes(base64URL)
        digest = APIKeyDigest(of: text)
    }

    /// Parses a key; `nil` for any other text.
    package init?(parsing text: some StringProtocol) {
        guard text.utf8.count == APIKey.length, text.hasPrefix(APIKey.prefix) else { return nil }
        let digits = String(text.dropFirst(APIKey.prefix.count))
        // The last character has two unused bits. Only the spelling with zeros there is accepted.
        guard let bytes = Secret(base64URL: digits), bytes.withUnsafeBytes(base64URL) == digits else { return nil }
        self.text = String(text)
        digest = APIKeyDigest(of: self.text)
    }
}

extension APIKey: CustomStringConvertible, CustomReflectable {
    package var description: String { "<secret>" }

    package var customMirror: Mirror { Mirror(self, children: []) }
}
