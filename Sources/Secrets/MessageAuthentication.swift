import COpenSSL
import Synchronization

/// HMAC-SHA-256 (RFC 2104) under one key, and with it the derivation of keys by HKDF-Expand (RFC 5869 §2.3).
public final class MessageAuthentication: Sendable {
    private let lock = Mutex(())
    /// Used under `lock` alone.
    private nonisolated(unsafe) let context: AuthenticationContext

    /// Keeps the key's schedule for many messages. At least 16 bytes of key.
    public init(key: Secret) throws(SecretsError) {
        context = try AuthenticationContext(key: key)
    }

    /// The code of a message: 32 bytes.
    public func code(for message: [UInt8]) throws(SecretsError) -> Secret {
        try lock.withLock { _ throws(SecretsError) in try context.code(for: message) }
    }

    /// A key of 32 bytes for one purpose; this object's key must be uniformly random (RFC 5869 §3.3).
    public func derivedKey(for purpose: String) throws(SecretsError) -> Secret {
        // HKDF-Expand for a length of one block: T(1) = HMAC(PRK, info || 0x01).
        try code(for: Array(purpose.utf8) + [1])
    }
}

/// The owner of an `EVP_MAC_CTX`.
private final class AuthenticationContext {
    // Safe to share: immutable and counted atomically by OpenSSL.
    private nonisolated(unsafe) static let method = EVP_MAC_fetch(nil, "HMAC", nil)
    private let pointer: OpaquePointer

    init(key: Secret) throws(SecretsError) {
        guard let pointer = EVP_MAC_CTX_new(AuthenticationContext.method) else { throw .failure(of: "EVP_MAC_CTX_new") }
        self.pointer = pointer
        let code = key.withUnsafeBytes { key in
            postern_hmac_sha256_init(pointer, key.baseAddress, key.count)
        }
        try check(code, "EVP_MAC_init")
    }

    deinit { EVP_MAC_CTX_free(pointer) }

    func code(for message: [UInt8]) throws(SecretsError) -> Secret {
        // No key: starts anew under the one that it has.
        try check(EVP_MAC_init(pointer, nil, 0, nil), "EVP_MAC_init")
        try check(EVP_MAC_update(pointer, message, message.count), "EVP_MAC_update")
        return try Secret(count: 32) { (output) throws(SecretsError) in
            var written = 0
            let start = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            try check(EVP_MAC_final(pointer, start, &written, output.count), "EVP_MAC_final")
        }
    }
}
