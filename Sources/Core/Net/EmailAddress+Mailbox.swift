extension EmailAddress {
    /// The address under which a mailbox is counted, by whichever of its aliases an email is sent: for limits only, never
    /// for the email itself.
    ///
    /// The tag of the local part, from the first `+` on, is left out (RFC 5233 §1). Gmail ignores dots in the local part,
    /// and has two domains for the same mailbox.
    package var mailbox: String {
        // The address has an `@`, or it would not be valid.
        let at = text.utf8.firstIndex(of: UInt8(ascii: "@")) ?? text.endIndex
        let domain = text[at...]
        var local = text[..<at]
        // A local part that begins with `+` has no other part.
        if let plus = local.utf8.firstIndex(of: UInt8(ascii: "+")), plus > local.startIndex { local = local[..<plus] }
        guard domain == "@gmail.com" || domain == "@googlemail.com" else {
            return local.endIndex == at ? text : String(local + domain)
        }
        return local.filter { $0 != "." } + "@gmail.com"
    }
}
