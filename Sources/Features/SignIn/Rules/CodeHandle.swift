import Cryptography

/// The secret that the browser keeps for a code: a code works only together with its handle.
///
/// On the wire it is `request_id`. Redis knows only its ``digest``.
package struct CodeHandle: Sendable {
    private let token: RandomToken

    /// The handle as the browser receives it. Not to be logged or stored.
    package var text: String { token.text }
    /// The SHA-256 of the handle's text, in lower-case hexadecimal: the handle's name in Redis.
    package var digest: String { token.digest }

    /// Issues a new handle.
    package init(random: RandomBytes) throws(CryptoError) {
        token = try RandomToken(random: random)
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
