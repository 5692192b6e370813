import Cryptography

/// The secret that the browser keeps for a code: a code works only together with its handle.
///
/// On the wire it is `request_id`. Redis knows only its ``id``.
package struct CodeHandle: Sendable {
    private let token: RandomToken

    /// The handle as the browser receives it. Not to be logged or stored.
    package var text: String { token.text }
    /// The SHA-256 of the handle's text, in lower-case hexadecimal.
    package var digest: String { token.digest }
    /// The place of the code's link.
    package var place: Place { token.place }
    /// The id of the handle in Redis: the first half of its digest, 32 hexadecimal digits.
    package var id: String { String(Substring(digest.utf8.prefix(32))) }

    /// Issues a new handle at a place; at a random one if that is `nil`.
    package init(at place: Place? = nil, random: RandomBytes) throws(CryptoError) {
        token = try RandomToken(at: place, random: random)
    }

    /// Parses a handle; `nil` for any other text.
    package init?(parsing text: String) {
        guard let token = RandomToken(parsing: text) else { return nil }
        self.token = token
    }
}

extension CodeHandle: CustomStringConvertible, CustomReflectable {
    package var description: String { "<secret>" }

    package var customMirror: Mirror { Mirror(self, children: []) }
}
