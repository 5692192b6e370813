import Bytes

/// Whether a string has the form of an email address, by the pattern of Zod 4's `email()`:
///
///     ^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$
///
/// In words: ASCII only; a local part that neither starts nor ends with a dot and does not end with an apostrophe; a
/// domain of two labels or more, none of which starts with a hyphen, the last of two letters or more; no two dots in a
/// row. Unlike that pattern, no label has more than 63 bytes (RFC 1035 §2.3.4), and the last one can also be an
/// internationalized one in ASCII, such as `xn--p1ai` (RFC 5890 §2.3.2.1).
@usableFromInline package func isEmailAddress(_ value: String) -> Bool {
    let bytes = value.utf8
    guard let at = bytes.firstIndex(of: UInt8(ascii: "@")) else { return false }
    return isLocalPart(bytes[..<at]) && isDomain(bytes[bytes.index(after: at)...])
}

private func isLocalPart(_ bytes: Substring.UTF8View) -> Bool {
    var previous = UInt8(ascii: ".")
    for byte in bytes {
        guard byte.isASCIILetter || byte.isASCIIDigit || isLocalPartPunctuation(byte) else { return false }
        // A dot at the start, or after a dot. With the same initial value, the last check refuses an empty local part.
        if byte == UInt8(ascii: "."), previous == UInt8(ascii: ".") { return false }
        previous = byte
    }
    return previous != UInt8(ascii: ".") && previous != UInt8(ascii: "'")
}

private func isLocalPartPunctuation(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "_"), UInt8(ascii: "'"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): true
    default: false
    }
}

private func isDomain(_ bytes: Substring.UTF8View) -> Bool {
    var labelStart = bytes.startIndex
    var hasDot = false
    for index in bytes.indices {
        switch bytes[index] {
        case UInt8(ascii: "."):
            guard isLabel(bytes[labelStart..<index]) else { return false }
            labelStart = bytes.index(after: index)
            hasDot = true
        case UInt8(ascii: "-"): break
        case let byte where byte.isASCIILetter || byte.isASCIIDigit: break
        default: return false
        }
    }
    let last = bytes[labelStart...]
    let isTopLevel = last.count >= 2 && last.allSatisfy(\.isASCIILetter) || isInternationalized(last)
    return hasDot && isTopLevel && isLabel(last)
}

private func isLabel(_ bytes: Substring.UTF8View) -> Bool {
    (1...63).contains(bytes.count) && bytes.first != UInt8(ascii: "-")
}

/// Whether a label starts with `xn--`, in upper or lower case.
private func isInternationalized(_ label: Substring.UTF8View) -> Bool {
    label.count > 4 && label.last != UInt8(ascii: "-")
        && label.prefix(4).map(\.asciiLowercased).elementsEqual("xn--".utf8)
}
