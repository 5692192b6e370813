import COpenSSL
import Synchronization

/// An AES-256-GCM key (NIST SP 800-38D).
///
/// A sealed box is the nonce, the ciphertext and the tag, concatenated: 12 + n + 16 bytes. The nonce is random, so one
/// key may seal at most 2³² boxes (SP 800-38D §8.3): at a thousand a second, they last for 49 days.
package final class SealingKey: Sendable {
    /// The length of a box minus the length of its plaintext, in bytes.
    package static let overheadByteCount = nonceByteCount + tagByteCount
    /// The length of a key, in bytes.
    package static let keyByteCount = 32
    static let nonceByteCount = 12
    static let tagByteCount = 16

    private let lock = Mutex(())
    private nonisolated(unsafe) let context: CipherContext  // Used only while `lock` is held.

    /// - Parameter key: 32 bytes.
    package init(_ key: Secret) {
        precondition(key.count == SealingKey.keyByteCount, "an AES-256 key has 32 bytes")
        context = CipherContext(key: key)
    }

    /// Encrypts a plaintext into a new box.
    /// - Parameters:
    ///   - plaintext: wiped, and empty afterwards, even if this throws.
    ///   - associated: bytes that are not in the box, but must be the same when it is opened.
    ///   - random: the source of the nonce.
    /// - Throws: ``CryptoError/noRandomness``.
    package func seal(
        wiping plaintext: inout [UInt8], authenticating associated: [UInt8], random: RandomBytes
    ) throws(CryptoError) -> [UInt8] {
        try lock.withLock { _ throws(CryptoError) in
            try context.seal(wiping: &plaintext, authenticating: associated, random: random)
        }
    }

    /// Decrypts a box that was sealed with this key and the same associated bytes.
    /// - Throws: ``CryptoError/notAuthentic`` for any other box.
    package func open(_ box: [UInt8], authenticating associated: [UInt8]) throws(CryptoError) -> Secret {
        guard box.count >= SealingKey.overheadByteCount else { throw .notAuthentic }
        return try lock.withLock { _ throws(CryptoError) in try context.decrypt(box, authenticating: associated) }
    }
}

/// The owner of an `EVP_CIPHER_CTX`, which keeps the expanded key.
private final class CipherContext {
    private nonisolated(unsafe) static let method = EVP_CIPHER_fetch(nil, "AES-256-GCM", nil)  // Never changes.
    private let pointer: OpaquePointer

    init(key: Secret) {
        pointer = require(EVP_CIPHER_CTX_new(), "EVP_CIPHER_CTX_new")
        let code = key.withUnsafeBytes { key in
            EVP_EncryptInit_ex2(
                pointer, CipherContext.method, key.baseAddress?.assumingMemoryBound(to: UInt8.self), nil, nil)
        }
        require(code, "EVP_EncryptInit_ex2")
    }

    deinit { EVP_CIPHER_CTX_free(pointer) }

    func seal(
        wiping plaintext: inout [UInt8], authenticating associated: [UInt8], random: RandomBytes
    ) throws(CryptoError) -> [UInt8] {
        defer { wipe(&plaintext) }
        var box: [UInt8] = Array(repeating: 0, count: plaintext.count + SealingKey.overheadByteCount)
        // withUnsafeMutableBytes rethrows without the type of the error, so the outcome is returned as a value.
        let outcome = box.withUnsafeMutableBytes { box in
            Result { () throws(CryptoError) in
                try random.fill(UnsafeMutableRawBufferPointer(rebasing: box[..<SealingKey.nonceByteCount]))
                encrypt(plaintext, authenticating: associated, into: box)
            }
        }
        try outcome.get()
        return box
    }

    /// Encrypts into a box that already starts with the nonce.
    private func encrypt(
        _ plaintext: [UInt8], authenticating associated: [UInt8], into box: UnsafeMutableRawBufferPointer
    ) {
        // The box has room for nonce and tag, so it is not empty.
        let nonce = box.baseAddress!.assumingMemoryBound(to: UInt8.self)
        let ciphertext = nonce + SealingKey.nonceByteCount
        var count: CInt = 0
        require(EVP_EncryptInit_ex2(pointer, nil, nil, nonce, nil), "EVP_EncryptInit_ex2")
        require(EVP_EncryptUpdate(pointer, nil, &count, associated, CInt(associated.count)), "EVP_EncryptUpdate")
        require(EVP_EncryptUpdate(pointer, ciphertext, &count, plaintext, CInt(plaintext.count)), "EVP_EncryptUpdate")
        require(EVP_EncryptFinal_ex(pointer, ciphertext + Int(count), &count), "EVP_EncryptFinal_ex")
        let tag = ciphertext + plaintext.count
        require(postern_gcm_get_tag(pointer, CInt(SealingKey.tagByteCount), tag), "EVP_CIPHER_CTX_ctrl")
    }

    func decrypt(_ box: [UInt8], authenticating associated: [UInt8]) throws(CryptoError) -> Secret {
        let ciphertext = box.dropFirst(SealingKey.nonceByteCount).dropLast(SealingKey.tagByteCount)
        var count: CInt = 0
        require(EVP_DecryptInit_ex2(pointer, nil, nil, box, nil), "EVP_DecryptInit_ex2")
        require(EVP_DecryptUpdate(pointer, nil, &count, associated, CInt(associated.count)), "EVP_DecryptUpdate")
        let plaintext = Secret(count: ciphertext.count) { output in
            let start = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            let code = ciphertext.withUnsafeBytes {
                EVP_DecryptUpdate(pointer, start, &count, $0.bytes, CInt($0.count))
            }
            require(code, "EVP_DecryptUpdate")
        }
        let isSet = box.suffix(SealingKey.tagByteCount).withUnsafeBytes { tag in
            postern_gcm_set_tag(pointer, CInt(tag.count), tag.baseAddress)
        }
        require(isSet, "EVP_CIPHER_CTX_ctrl")
        var rest: UInt8 = 0
        guard EVP_DecryptFinal_ex(pointer, &rest, &count) == 1 else {
            ERR_clear_error()
            throw .notAuthentic
        }
        return plaintext
    }
}

extension UnsafeRawBufferPointer {
    /// The start address, typed as OpenSSL's functions declare it.
    fileprivate var bytes: UnsafePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }
}
