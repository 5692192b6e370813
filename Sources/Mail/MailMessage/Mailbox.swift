import Bytes
import Net
import Platform

/// Who a message is from: an address, with or without a name (RFC 5322 §3.4).
package struct Mailbox: Sendable, Equatable {
    /// A display name; `nil` for none.
    package let name: String?
    /// Where answers go, too.
    package let address: EmailAddress

    /// - Parameter name: without control characters, which must not reach a header field.
    package init(name: String?, address: EmailAddress) {
        self.name = name
        self.address = address
    }

    /// Reads `Name <address>`, `"Name" <address>` or `address`; `nil` where it is none of them, or the name holds a
    /// control character or is longer than 100 characters.
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
            // Within quotes a backslash takes the next character as it is.
            text = String(text.dropFirst().dropLast()).replacing(/\\(.)/) { $0.1 }
        }
        guard text.count <= 100, !holdsControlCharacter(text) else { return nil }
        self.init(name: text.isEmpty ? nil : text, address: address)
    }

    /// The domain of the address.
    package var domain: String { address.domain }
}
