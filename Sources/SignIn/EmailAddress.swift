import JSON
public import Validation

/// An e-mail address that mail may be sent to: one value is validated, limited, stored and mailed to.
///
/// ASCII alone, in lower case, at most 254 bytes with a local part of at most 64 (RFC 5321 §4.5.3.1), in the form that
/// Zod 4's `email()` accepts.
public struct EmailAddress: Sendable, Hashable {
    /// The address in lower case.
    public let text: String

    /// The address, as it may be shown to who may not know it: its first character and its domain.
    ///
    /// A word joiner (U+2060) keeps it on one line where that is possible.
    public var masked: String { "\(text.prefix(1))…\u{2060}\(text.drop { $0 != "@" })" }

    private init(text: String) {
        self.text = text
    }

    /// Reads an address out of a JSON value. Blanks around it are an error, not trimmed.
    public static let schema: Schema<EmailAddress> = string().email().max(254).transform { text in
        guard text.utf8.prefix(65).contains(UInt8(ascii: "@")) else {
            return .refused(Finding(.invalidFormat, "Invalid email address"))
        }
        return .value(EmailAddress(text: text.lowercased()))
    }

    /// Reads an address by the same rules; `nil` where it is none.
    public init?(parsing text: String) {
        guard let address = try? EmailAddress.schema.parse(.string(text)) else { return nil }
        self = address
    }
}
