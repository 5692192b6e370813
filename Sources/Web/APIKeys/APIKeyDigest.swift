import Bytes
import Cryptography

/// The SHA-256 of an API key's text: what Postern knows of a key. It authenticates nobody.
package struct APIKeyDigest: Sendable {
    private let bytes: Secret

    /// The digest in lower-case hexadecimal, 64 digits.
    package var hex: String { bytes.withUnsafeBytes { hexadecimal($0) } }
    /// The key's id in Redis, logs and commands: the first half of the digest, 32 hexadecimal digits.
    package var id: String { bytes.withUnsafeBytes { hexadecimal($0.prefix(16)) } }

    /// The digest of a key's text.
    init(of text: String) {
        var digest = Digest.sha256.bytes(of: Array(text.utf8))
        bytes = Secret(wiping: &digest)
    }

    /// Parses 64 hexadecimal digits; `nil` for any other text.
    package init?(hex text: some StringProtocol) {
        let digits = Array(text.utf8)
        guard digits.count == 64 else { return nil }
        var parsed: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[index].hexadecimalValue, let low = digits[index + 1].hexadecimalValue else {
                return nil
            }
            parsed.append(high << 4 | low)
        }
        bytes = Secret(wiping: &parsed)
    }

    /// Whether both are the same. The time does not depend on their bytes.
    package func matches(_ other: APIKeyDigest) -> Bool { bytes.matches(other.bytes) }

    /// Whether a text has the form of a key's id.
    package static func isID(_ text: some StringProtocol) -> Bool {
        text.utf8.count == 32
            && text.utf8.allSatisfy { $0.isASCIIDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) }
    }
}
