import COpenSSL

/// An Ed25519 key pair (RFC 8032): signs messages, whose signatures others verify with the public key.
package final class SigningKey: Sendable {
    /// The length of a private key, and of a public key, in bytes.
    package static let byteCount = 32
    /// The length of a signature, in bytes.
    package static let signatureByteCount = 64

    private nonisolated(unsafe) let key: OpaquePointer  // Never changes; each signature has a context of its own.
    /// The public key: 32 bytes (RFC 8032 §5.1.5).
    package let publicKey: [UInt8]

    /// - Parameter privateKey: 32 uniformly random bytes.
    package init(_ privateKey: Secret) {
        precondition(privateKey.count == SigningKey.byteCount, "an Ed25519 private key has 32 bytes")
        let keyPair = privateKey.withUnsafeBytes { bytes in
            EVP_PKEY_new_raw_private_key_ex(
                nil, "ED25519", nil, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
        }
        key = require(keyPair, "EVP_PKEY_new_raw_private_key_ex")
        var publicKey: [UInt8] = Array(repeating: 0, count: SigningKey.byteCount)
        var count = publicKey.count
        require(EVP_PKEY_get_raw_public_key(key, &publicKey, &count), "EVP_PKEY_get_raw_public_key")
        self.publicKey = publicKey
    }

    deinit { EVP_PKEY_free(key) }

    /// The signature of a message: 64 bytes. The same message always has the same signature (RFC 8032 §5.1.6).
    package func signature(of message: [UInt8]) -> [UInt8] {
        let context = require(EVP_MD_CTX_new(), "EVP_MD_CTX_new")
        defer { EVP_MD_CTX_free(context) }
        require(EVP_DigestSignInit_ex(context, nil, nil, nil, nil, key, nil), "EVP_DigestSignInit_ex")
        var signature: [UInt8] = Array(repeating: 0, count: SigningKey.signatureByteCount)
        var count = signature.count
        require(EVP_DigestSign(context, &signature, &count, message, message.count), "EVP_DigestSign")
        return signature
    }
}
