import Cryptography

/// Seals what is stored for a token with keys that are derived from the token and from the deployment's keys together.
/// So a read of Redis and the deployment's keys open nothing, and whoever can write to Redis makes up nothing.
package struct TokenKeys: Sendable {
    /// The kinds of boxes. Each has keys of its own.
    package enum Purpose: String, Sendable {
        /// The record of a mailed token.
        case record = "postern token record 2"
        /// A mailed token, for its exchange token.
        case exchange = "postern exchange token 2"
    }

    private struct Entry {
        let id: String
        let authentication: MessageAuthentication
    }

    /// The first one seals, and all of them open.
    private let entries: [Entry]

    /// The ids of the deployment's keys, separated and surrounded by spaces.
    package let ids: String

    /// - Parameter keys: the deployment's keys, at least one.
    package init(_ keys: [KeyRing.Entry]) {
        precondition(!keys.isEmpty, "a deployment has a key")
        entries = keys.map { key in
            let derived = MessageAuthentication(key: key.key).derivedKey(for: "postern token 2")
            return Entry(id: key.id, authentication: MessageAuthentication(key: derived))
        }
        ids = keys.reduce(into: " ") { $0 += "\($1.id) " }
    }

    /// Seals a plaintext for a token: a ``NamedBox``, with the token's digest as associated data.
    /// - Parameter plaintext: wiped, and empty afterwards, even if this throws.
    /// - Throws: ``CryptoError/noRandomness``.
    func seal(
        wiping plaintext: inout [UInt8], _ purpose: Purpose, for token: LoginToken, random: RandomBytes
    ) throws(CryptoError) -> [UInt8] {
        let box = try token.sealingKey(purpose, under: entries[0].authentication).seal(
            wiping: &plaintext, authenticating: Array(token.digest.utf8), random: random)
        return NamedBox(keyID: entries[0].id, box: box).bytes
    }

    /// Opens what was sealed for a token.
    /// - Throws: ``CryptoError/unknownKey(id:)``; ``CryptoError/notAuthentic`` if it was sealed for another token or
    ///   purpose, or was changed.
    func open(_ stored: [UInt8], _ purpose: Purpose, for token: LoginToken) throws(CryptoError) -> Secret {
        let stored = try NamedBox(stored)
        guard let entry = entries.first(where: { $0.id == stored.keyID }) else { throw .unknownKey(id: stored.keyID) }
        return try token.sealingKey(purpose, under: entry.authentication).open(
            stored.box, authenticating: Array(token.digest.utf8))
    }
}
