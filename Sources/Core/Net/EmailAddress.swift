/// A valid email address. The same value is validated, limited, stored and sent to.
///
/// It is ASCII in lower case, at most 254 bytes long, with a local part of at most 64 bytes (RFC 5321 §4.5.3.1), in the
/// form that Zod 4's `email()` accepts.
package struct EmailAddress: Sendable, Hashable {
    /// The maximum length of an address, in bytes.
    package static let maximumByteCount = 254

    /// The address in lower case.
    package let text: String

    /// The address in a form for people who may not know it: its first character, an ellipsis, `@` and the domain.
    ///
    /// A word joiner (U+2060) after the ellipsis keeps it on one line where that is possible.
    package var masked: String { "\(text.prefix(1))…\u{2060}\(text.drop { $0 != "@" })" }

    /// Parses an address; `nil` if the text is not one. Spaces around it are not trimmed, and make it invalid.
    package init?(parsing text: String) {
        guard text.utf8.count <= EmailAddress.maximumByteCount, isEmailAddress(text) else { return nil }
        self.init(wellFormed: text)
    }

    /// Parses a text that is known to have the form of an address (``isEmailAddress(_:)``) and at most
    /// ``maximumByteCount`` bytes; `nil` if its local part is longer than 64 bytes.
    package init?(wellFormed text: String) {
        guard text.utf8.prefix(65).contains(UInt8(ascii: "@")) else { return nil }
        self.text = text.lowercased()
    }

    /// The part after the `@`.
    package var domain: String { String(text.drop { $0 != "@" }.dropFirst()) }
}
