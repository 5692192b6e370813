import Bytes
import Cryptography

/// 32 bytes, written as 43 characters of base64url: the value of a ``LoginToken`` or a ``CodeHandle``. The first half
/// is a ``Place``, and the second half is random.
struct RandomToken: Sendable {
    static let byteCount = 32

    let bytes: Secret
    /// Not to be logged or stored.
    let text: String
    /// The SHA-256 of the text, in lower-case hexadecimal.
    let digest: String

    /// The place that the token names.
    var place: Place { Place(bytes.withUnsafeBytes { Array($0.prefix(Place.byteCount)) }) }

    /// Draws a new token at a place; at a random one if that is `nil`.
    init(at place: Place?, random: RandomBytes) throws(CryptoError) {
        let bytes = try Secret(count: RandomToken.byteCount) { (buffer) throws(CryptoError) in
            let start = place?.bytes.count ?? 0
            if let place { buffer.copyBytes(from: place.bytes) }
            try random.fill(UnsafeMutableRawBufferPointer(rebasing: buffer[start...]))
        }
        self.init(bytes: bytes)
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
