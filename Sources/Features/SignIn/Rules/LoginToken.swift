import Cryptography

/// A secret that signs a person in, once: the mailed token of a link, or the exchange token that the confirmation page
/// gives for it.
///
/// It is stored nowhere. Redis knows only its ``id``; ``TokenKeys`` seals the record that is stored for it.
package struct LoginToken: Sendable {
    private let token: RandomToken

    /// The token as it appears in the link. Not to be logged or stored.
    package var text: String { token.text }
    /// The SHA-256 of the token's text, in lower-case hexadecimal.
    package var digest: String { token.digest }
    /// The place of the token's link.
    package var place: Place { token.place }
    /// The id of the token in Redis, emails and assertions: the first half of its digest, 32 hexadecimal digits.
    package var id: String { String(Substring(digest.utf8.prefix(32))) }

    /// Issues a new token at a place; at a random one if that is `nil`.
    package init(at place: Place? = nil, random: RandomBytes) throws(CryptoError) {
        token = try RandomToken(at: place, random: random)
    }

    /// Parses a link's token; `nil` for any other text.
    package init?(parsing text: String) {
        guard let token = RandomToken(parsing: text) else { return nil }
        self.token = token
    }

    private init(opened bytes: Secret) throws(CryptoError) {
        guard bytes.count == RandomToken.byteCount else { throw .notAuthentic }
        token = RandomToken(bytes: bytes)
    }

    /// The key that seals for this token and one of the deployment's keys: their HMAC (RFC 2104).
    func sealingKey(_ purpose: TokenKeys.Purpose, under authentication: MessageAuthentication) -> SealingKey {
        var message = token.bytes.withUnsafeBytes { [UInt8]($0) } + Array(purpose.rawValue.utf8)
        defer { wipe(&message) }
        return SealingKey(authentication.tag(of: message))
    }
}

extension LoginToken {
    /// This mailed token, sealed for an exchange token.
    package func sealed(
        for exchangeToken: LoginToken, by keys: TokenKeys, random: RandomBytes
    ) throws(CryptoError) -> [UInt8] {
        var plaintext = token.bytes.withUnsafeBytes { [UInt8]($0) }
        return try keys.seal(wiping: &plaintext, .exchange, for: exchangeToken, random: random)
    }

    /// The mailed token that was sealed for an exchange token.
    /// - Throws: ``CryptoError/notAuthentic`` if it was sealed for another one; ``CryptoError/unknownKey(id:)``.
    package init(sealed box: [UInt8], for exchangeToken: LoginToken, by keys: TokenKeys) throws(CryptoError) {
        try self.init(opened: keys.open(box, .exchange, for: exchangeToken))
    }

    /// This mailed token, sealed for a code handle under the first key of a ring: a ``NamedBox``.
    package func sealed(
        for handle: CodeHandle, by ring: KeyRing, random: RandomBytes
    ) throws(CryptoError) -> [UInt8] {
        var plaintext = token.bytes.withUnsafeBytes { [UInt8]($0) }
        let box = try ring.seal(wiping: &plaintext, authenticating: Array(handle.digest.utf8), random: random)
        return NamedBox(keyID: ring.sealingKeyID, box: box).bytes
    }

    /// The mailed token that was sealed for a code handle.
    /// - Throws: ``CryptoError/notAuthentic`` if it was sealed for another one; ``CryptoError/unknownKey(id:)``.
    package init(sealed stored: [UInt8], for handle: CodeHandle, by ring: KeyRing) throws(CryptoError) {
        let stored = try NamedBox(stored)
        try self.init(
            opened: ring.open(stored.box, keyID: stored.keyID, authenticating: Array(handle.digest.utf8)))
    }
}

extension LoginToken: CustomStringConvertible, CustomReflectable {
    package var description: String { "<secret>" }

    package var customMirror: Mirror { Mirror(self, children: []) }
}
