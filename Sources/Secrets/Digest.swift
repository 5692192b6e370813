import COpenSSL

/// Message digests of FIPS 180-4.
public enum Digest: Sendable {
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

    /// The digest of some bytes: 20 bytes of SHA-1, 32 of SHA-256.
    public func bytes(of bytes: [UInt8]) throws(SecretsError) -> [UInt8] {
        var digest: [UInt8] = Array(repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: CUnsignedInt = 0
        try check(EVP_Digest(bytes, bytes.count, &digest, &count, method, nil), "EVP_Digest")
        digest.removeLast(digest.count - Int(count))
        return digest
    }

    /// The digest of some bytes, as lower-case hexadecimal.
    public func hex(of bytes: [UInt8]) throws(SecretsError) -> String {
        hexadecimal(try self.bytes(of: bytes))
    }
}

/// Two lower-case digits for each byte.
///
/// Inlinable, so that it is specialised where it is called: each request has some.
@inlinable
public func hexadecimal(_ bytes: some Collection<UInt8>) -> String {
    String(unsafeUninitializedCapacity: bytes.count * 2) { text in
        var index = 0
        for byte in bytes {
            for nibble in [byte >> 4, byte & 15] {
                text[index] = nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
                index += 1
            }
        }
        return index
    }
}
