import Bytes

/// The deployment's keys: the first seals, all open, so that keys can be rotated without losing what is under way.
///
/// No key is used as it is configured: each purpose has its own, derived by HKDF-Expand (RFC 5869 §2.3).
package struct KeyRing: Sendable {
    /// What is configured: a name for the key, which is stored beside what it seals, and the key.
    package struct Entry: Sendable {
        /// 1 to 16 letters, digits, `-` or `_`.
        package let id: String
        /// 32 uniformly random bytes.
        package let key: Secret

        package init(id: String, key: Secret) {
            self.id = id
            self.key = key
        }

        /// Whether a text may be the name of a key.
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

    /// - Parameters:
    ///   - entries: at least one.
    ///   - purpose: what the boxes are for; those of another purpose do not open.
    package init(_ entries: [Entry], purpose: String) {
        precondition(!entries.isEmpty, "a key ring has a key")
        var sealingKeys: [String: SealingKey] = [:]
        for entry in entries {
            sealingKeys[entry.id] = SealingKey(MessageAuthentication(key: entry.key).derivedKey(for: purpose))
        }
        self.sealingKeys = sealingKeys
        sealingKeyID = entries[0].id
        // Put there by the loop above.
        primaryKey = sealingKeys[entries[0].id]!
    }

    /// Seals under the first key. The plaintext is wiped, and empty afterwards.
    package func seal(
        wiping plaintext: inout [UInt8], authenticating associated: [UInt8], random: RandomBytes
    ) throws(CryptoError) -> [UInt8] {
        try primaryKey.seal(wiping: &plaintext, authenticating: associated, random: random)
    }

    /// Opens a box under the key of that name.
    /// - Throws: ``CryptoError/unknownKey(id:)`` or ``CryptoError/notAuthentic``.
    package func open(_ box: [UInt8], keyID: String, authenticating associated: [UInt8]) throws(CryptoError) -> Secret {
        try key(keyID).open(box, authenticating: associated)
    }

    private func key(_ id: String) throws(CryptoError) -> SealingKey {
        guard let key = sealingKeys[id] else { throw .unknownKey(id: id) }
        return key
    }
}
