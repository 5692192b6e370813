import COpenSSL
import Synchronization

/// HMAC-SHA-256 (RFC 2104) under one key, and with it the derivation of keys by HKDF-Expand (RFC 5869 §2.3).
public struct MessageAuthentication: Sendable {
    private let key: Secret

    /// - Parameter key: at least 16 bytes.
    public init(key: Secret) {
        self.key = key
    }

    /// The code of a message: 32 bytes.
    public func code(for message: [UInt8]) throws(SecretsError) -> Secret {
        try AuthenticationContext.lock.withLock { context throws(SecretsError) in
            if context == nil { context = try AuthenticationContext() }
            // Set above.
            return try context!.code(for: message, under: key)
        }
    }

    /// A key of 32 bytes for one purpose; this object's key must be uniformly random (RFC 5869 §3.3).
    public func derivedKey(for purpose: String) throws(SecretsError) -> Secret {
        // HKDF-Expand for a length of one block: T(1) = HMAC(PRK, info || 0x01).
        try code(for: Array(purpose.utf8) + [1])
    }
}

/// The owner of an `EVP_MAC_CTX`. To set one up costs more than a code, and to give it another key does not, so all
/// share one.
private final class AuthenticationContext {
    /// Guards the one context, which is made when it is first needed.
    static let lock = Mutex<AuthenticationContext?>(nil)

    private let pointer: OpaquePointer

    init() throws(SecretsError) {
        let method = EVP_MAC_fetch(nil, "HMAC", nil)
        // The context counts its own reference.
        defer { EVP_MAC_free(method) }
        guard let pointer = EVP_MAC_CTX_new(method) else { throw .failure(of: "EVP_MAC_CTX_new") }
        self.pointer = pointer
        try check(postern_hmac_use_sha256(pointer), "EVP_MAC_CTX_set_params")
    }

    deinit { EVP_MAC_CTX_free(pointer) }

    func code(for message: [UInt8], under key: Secret) throws(SecretsError) -> Secret {
        let isKeyed = key.withUnsafeBytes { key in
            EVP_MAC_init(pointer, key.baseAddress?.assumingMemoryBound(to: UInt8.self), key.count, nil)
        }
        try check(isKeyed, "EVP_MAC_init")
        try check(EVP_MAC_update(pointer, message, message.count), "EVP_MAC_update")
        return try Secret(count: 32) { (output) throws(SecretsError) in
            var written = 0
            let start = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            try check(EVP_MAC_final(pointer, start, &written, output.count), "EVP_MAC_final")
        }
    }
}
