/// Whether a string has the form of an e-mail address, by the pattern of Zod 4's `email()`:
///
///     ^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$
///
/// In words: ASCII alone; a local part that neither starts nor ends with a dot and does not end with an apostrophe; a
/// domain of two labels or more, none of which starts with a hyphen, the last of two letters or more; two dots in a row
/// nowhere.
public func isEmailAddress(_ value: String) -> Bool {
    let bytes = value.utf8
    guard let at = bytes.firstIndex(of: UInt8(ascii: "@")) else { return false }
    return isLocalPart(bytes[..<at]) && isDomain(bytes[bytes.index(after: at)...])
}

private func isLocalPart(_ bytes: Substring.UTF8View) -> Bool {
    var previous = UInt8(ascii: ".")
    for byte in bytes {
        guard byte.isASCIILetter || byte.isASCIIDigit || "_'+-.".utf8.contains(byte) else { return false }
        // A dot at the start or after a dot; an empty local part is refused below by the same initial value.
        if byte == UInt8(ascii: "."), previous == UInt8(ascii: ".") { return false }
        previous = byte
    }
    return previous != UInt8(ascii: ".") && previous != UInt8(ascii: "'")
}

private func isDomain(_ bytes: Substring.UTF8View) -> Bool {
    let labels = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard labels.count >= 2, let last = labels.last, last.count >= 2 else { return false }
    guard last.allSatisfy({ $0.isASCIILetter }) else { return false }
    return labels.dropLast().allSatisfy { label in
        guard let first = label.first, first != UInt8(ascii: "-") else { return false }
        return label.allSatisfy { $0.isASCIILetter || $0.isASCIIDigit || $0 == UInt8(ascii: "-") }
    }
}
