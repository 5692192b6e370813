import COpenSSL
import Synchronization

/// HMAC-SHA-256 (RFC 2104) with one key, and the derivation of keys from it by HKDF-Expand (RFC 5869 §2.3).
package struct MessageAuthentication: Sendable {
    private let key: Secret

    /// - Parameter key: at least 16 bytes.
    package init(key: Secret) {
        self.key = key
    }

    /// The tag of a message: 32 bytes.
    package func tag(of message: [UInt8]) -> Secret {
        AuthenticationContext.shared.withLock { $0.tag(of: message, under: key) }
    }

    /// Derives a key of 32 bytes for one purpose. The key of this value must be uniformly random (RFC 5869 §3.3).
    package func derivedKey(for purpose: String) -> Secret {
        // HKDF-Expand for a length of one block: T(1) = HMAC(PRK, info || 0x01).
        tag(of: Array(purpose.utf8) + [1])
    }
}

/// The owner of an `EVP_MAC_CTX`. Creating one costs more than computing a tag, and changing its key does not, so all
/// callers share one.
private final class AuthenticationContext {
    /// The shared context, created on first use.
    static let shared = Mutex(AuthenticationContext())

    private let pointer: OpaquePointer

    private init() {
        let method = EVP_MAC_fetch(nil, "HMAC", nil)
        // The context holds a reference of its own.
        defer { EVP_MAC_free(method) }
        pointer = require(EVP_MAC_CTX_new(method), "EVP_MAC_CTX_new")
        require(postern_hmac_use_sha256(pointer), "EVP_MAC_CTX_set_params")
    }

    deinit { EVP_MAC_CTX_free(pointer) }

    func tag(of message: [UInt8], under key: Secret) -> Secret {
        let isKeyed = key.withUnsafeBytes { key in
            EVP_MAC_init(pointer, key.baseAddress?.assumingMemoryBound(to: UInt8.self), key.count, nil)
        }
        require(isKeyed, "EVP_MAC_init")
        require(EVP_MAC_update(pointer, message, message.count), "EVP_MAC_update")
        return Secret(count: 32) { output in
            var written = 0
            let start = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            require(EVP_MAC_final(pointer, start, &written, output.count), "EVP_MAC_final")
        }
    }
}
