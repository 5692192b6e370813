import Bytes
import COpenSSL

/// Message digests of FIPS 180-4.
package enum Digest: Sendable {
    case sha1
    case sha256

    // Fetched once, since a fetch costs more than a digest.
    private nonisolated(unsafe) static let sha1Method = EVP_MD_fetch(nil, "SHA1", nil)  // Never changes.
    private nonisolated(unsafe) static let sha256Method = EVP_MD_fetch(nil, "SHA256", nil)  // Never changes.

    private var method: OpaquePointer? {
        switch self {
        case .sha1: Digest.sha1Method
        case .sha256: Digest.sha256Method
        }
    }

    /// The digest of `bytes`: 20 bytes for SHA-1, 32 for SHA-256.
    package func bytes(of bytes: [UInt8]) -> [UInt8] {
        var digest: [UInt8] = Array(repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: CUnsignedInt = 0
        require(EVP_Digest(bytes, bytes.count, &digest, &count, method, nil), "EVP_Digest")
        digest.removeLast(digest.count - Int(count))
        return digest
    }

    /// The digest of `bytes`, as lower-case hexadecimal.
    package func hex(of bytes: [UInt8]) -> String {
        hexadecimal(self.bytes(of: bytes))
    }
}
