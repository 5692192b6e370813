/// The deployment's keys: the first seals, all open, so that keys can be rotated without losing what is under way.
///
/// No key is used as it is configured: each purpose has its own, derived by HKDF-Expand (RFC 5869 §2.3).
public struct KeyRing: Sendable {
    /// What is configured: a name for the key, which is stored beside what it seals, and the key.
    public struct Entry: Sendable {
        /// 1 to 16 letters, digits, `-` or `_`.
        public let id: String
        /// 32 uniformly random bytes.
        public let key: Secret

        public init(id: String, key: Secret) {
            self.id = id
            self.key = key
        }

        /// Whether a text may be the name of a key.
        @inlinable public static func isName(_ text: some StringProtocol) -> Bool {
            (1...16).contains(text.utf8.count)
                && text.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                        true
                    default: false
                    }
                }
        }
    }

    /// The name of the key that seals.
    public let sealingKeyID: String
    private let primaryKey: SealingKey
    private let sealingKeys: [String: SealingKey]

    /// - Parameters:
    ///   - entries: at least one.
    ///   - purpose: what the boxes are for; those of another purpose do not open.
    public init(_ entries: [Entry], purpose: String) throws(SecretsError) {
        precondition(!entries.isEmpty, "a key ring has a key")
        var sealingKeys: [String: SealingKey] = [:]
        for entry in entries {
            sealingKeys[entry.id] = try SealingKey(MessageAuthentication(key: entry.key).derivedKey(for: purpose))
        }
        self.sealingKeys = sealingKeys
        sealingKeyID = entries[0].id
        // Put there by the loop above.
        primaryKey = sealingKeys[entries[0].id]!
    }

    /// Seals under the first key. The plaintext is wiped, and empty afterwards.
    public func seal(
        wiping plaintext: inout [UInt8], authenticating associated: [UInt8], random: RandomBytes
    ) throws(SecretsError) -> [UInt8] {
        try primaryKey.seal(wiping: &plaintext, authenticating: associated, random: random)
    }

    /// Opens a box under the key of that name.
    /// - Throws: ``SecretsError/unknownKey(id:)`` or ``SecretsError/notAuthentic``.
    public func open(_ box: [UInt8], keyID: String, authenticating associated: [UInt8]) throws(SecretsError) -> Secret {
        try key(keyID).open(box, authenticating: associated)
    }

    private func key(_ id: String) throws(SecretsError) -> SealingKey {
        guard let key = sealingKeys[id] else { throw .unknownKey(id: id) }
        return key
    }
}
