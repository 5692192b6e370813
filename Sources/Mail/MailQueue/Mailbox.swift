import Bytes
import Net

/// The sender of a message: an address, with or without a display name (RFC 5322 §3.4).
package struct Mailbox: Sendable, Equatable {
    /// The display name, or `nil` if there is none.
    package let name: String?
    /// The address, which also receives replies.
    package let address: EmailAddress

    /// Creates a mailbox from its parts.
    /// - Parameter name: a display name without control characters, because it becomes part of a header field.
    package init(name: String?, address: EmailAddress) {
        self.name = name
        self.address = address
    }

    /// Reads `Name <address>`, `"Name" <address>` or `address`. Returns `nil` if the text has another form, or if the
    /// name contains a control character or is longer than 100 characters.
    package init?(parsing text: String) {
        guard let start = text.lastIndex(of: "<") else {
            guard let address = EmailAddress(parsing: text) else { return nil }
            self.init(name: nil, address: address)
            return
        }
        guard text.last == ">",
            let address = EmailAddress(parsing: String(text[text.index(after: start)...].dropLast()))
        else { return nil }
        var name = text[..<start].drop { $0 == " " }
        while name.last == " " { name.removeLast() }
        var text = String(name)
        if text.count >= 2, text.first == "\"", text.last == "\"" {
            text = Mailbox.unescaped(text.dropFirst().dropLast())
        }
        guard Mailbox.isName(text) else { return nil }
        self.init(name: text.isEmpty ? nil : text, address: address)
    }

    /// Whether a text can be a display name: at most 100 characters and 4000 bytes, without control characters.
    static func isName(_ text: String) -> Bool {
        text.count <= 100 && text.utf8.count <= 4000 && !holdsControlCharacter(text)
    }

    /// Returns a quoted text without the backslashes that escape the next character.
    private static func unescaped(_ text: Substring) -> String {
        var unescaped = String.UnicodeScalarView()
        var isEscaped = false
        for scalar in text.unicodeScalars {
            let isBackslash = scalar == "\\" && !isEscaped
            if !isBackslash { unescaped.append(scalar) }
            isEscaped = isBackslash
        }
        if isEscaped { unescaped.append("\\") }
        return String(unescaped)
    }

    /// The domain of the address.
    package var domain: String { address.domain }
}
