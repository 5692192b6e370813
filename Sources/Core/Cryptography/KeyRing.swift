import Bytes

/// The deployment's keys. The first one seals, and all of them open, so that a rotation does not invalidate boxes that
/// are already sealed.
///
/// A configured key is never used itself: each purpose has its own key, derived by HKDF-Expand (RFC 5869 §2.3).
package struct KeyRing: Sendable {
    /// A configured key and its name.
    package struct Entry: Sendable {
        /// The key's name, which is stored next to each box that the key seals: 1 to 16 ASCII letters, digits, `-` or
        /// `_`.
        package let id: String
        /// 32 uniformly random bytes.
        package let key: Secret

        package init(id: String, key: Secret) {
            self.id = id
            self.key = key
        }

        /// Whether a text is a valid name of a key.
        package static func isName(_ text: some StringProtocol) -> Bool {
            (1...16).contains(text.utf8.count)
                && text.utf8.allSatisfy {
                    $0.isASCIILetter || $0.isASCIIDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                }
        }
    }

    /// The name of the key that seals.
    package let sealingKeyID: String
    private let primaryKey: SealingKey
    private let sealingKeys: [String: SealingKey]

    /// Derives the keys for a purpose.
    /// - Parameters:
    ///   - entries: at least one.
    ///   - purpose: the purpose of the boxes. A box that was sealed for another purpose does not open.
    package init(_ entries: [Entry], purpose: String) {
        precondition(!entries.isEmpty, "a key ring has a key")
        var sealingKeys: [String: SealingKey] = [:]
        for entry in entries {
            sealingKeys[entry.id] = SealingKey(MessageAuthentication(key: entry.key).derivedKey(for: purpose))
        }
        self.sealingKeys = sealingKeys
        sealingKeyID = entries[0].id
        // Cannot be nil: the loop above stored it.
        primaryKey = sealingKeys[entries[0].id]!
    }

    /// Seals with the first key.
    /// - Parameters:
    ///   - plaintext: wiped, and empty afterwards, even if this throws.
    ///   - associated: bytes that are not in the box, but must be the same when it is opened.
    ///   - random: the source of the nonce.
    /// - Throws: ``CryptoError/noRandomness``.
    package func seal(
        wiping plaintext: inout [UInt8], authenticating associated: [UInt8], random: RandomBytes
    ) throws(CryptoError) -> [UInt8] {
        try primaryKey.seal(wiping: &plaintext, authenticating: associated, random: random)
    }

    /// Opens a box with the key of that name.
    /// - Throws: ``CryptoError/unknownKey(id:)`` or ``CryptoError/notAuthentic``.
    package func open(_ box: [UInt8], keyID: String, authenticating associated: [UInt8]) throws(CryptoError) -> Secret {
        try key(keyID).open(box, authenticating: associated)
    }

    private func key(_ id: String) throws(CryptoError) -> SealingKey {
        guard let key = sealingKeys[id] else { throw .unknownKey(id: id) }
        return key
    }
}
