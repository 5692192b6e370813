/// An e-mail address that mail may be sent to: one value is validated, limited, stored and mailed to.
///
/// ASCII alone, in lower case, at most 254 bytes with a local part of at most 64 (RFC 5321 §4.5.3.1), in the form that
/// Zod 4's `email()` accepts.
package struct EmailAddress: Sendable, Hashable {
    /// The length of the longest address.
    package static let maximumByteCount = 254

    /// The address in lower case.
    package let text: String

    /// The address, as it may be shown to who may not know it: its first character and its domain.
    ///
    /// A word joiner (U+2060) keeps it on one line where that is possible.
    package var masked: String { "\(text.prefix(1))…\u{2060}\(text.drop { $0 != "@" })" }

    /// Parses an address. Blanks around it are an error, not trimmed; `nil` for a text that is not such an address.
    package init?(parsing text: String) {
        guard text.utf8.count <= EmailAddress.maximumByteCount, isEmailAddress(text) else { return nil }
        self.init(wellFormed: text)
    }

    /// Parses a text that is known to have the form of an address (``isEmailAddress(_:)``) and at most
    /// ``maximumByteCount`` bytes; `nil` if its local part is too long.
    package init?(wellFormed text: String) {
        guard text.utf8.prefix(65).contains(UInt8(ascii: "@")) else { return nil }
        self.text = text.lowercased()
    }

    /// The part behind the `@`.
    package var domain: String { String(text.drop { $0 != "@" }.dropFirst()) }
}
