extension Schema<String> {
    /// At most `length` characters, counted as JavaScript counts them: in UTF-16 code units.
    public func max(_ length: Int) -> Schema<String> {
        check { value in
            value.utf16.count <= length
                ? nil : Finding(.tooBig, "Too big: expected string to have <=\(length) characters")
        }
    }

    /// At least `length` characters, counted as JavaScript counts them: in UTF-16 code units.
    public func min(_ length: Int) -> Schema<String> {
        check { value in
            value.utf16.count >= length
                ? nil : Finding(.tooSmall, "Too small: expected string to have >=\(length) characters")
        }
    }

    /// An e-mail address, by ``isEmailAddress(_:)``.
    public func email() -> Schema<String> {
        check { isEmailAddress($0) ? nil : Finding(.invalidFormat, "Invalid email address") }
    }

    /// An absolute URL, by ``isURL(_:)``.
    public func url() -> Schema<String> {
        check { isURL($0) ? nil : Finding(.invalidFormat, "Invalid URL") }
    }
}

/// Whether a string has the form of an absolute URL: a scheme, a colon and something behind it (RFC 3986 §4.3), after
/// `http:` and `https:` two slashes and a host. Blanks and control characters are in none.
public func isURL(_ value: String) -> Bool {
    let bytes = value.utf8
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), let first = bytes.first, first.isASCIILetter else {
        return false
    }
    let scheme = bytes[..<colon]
    guard scheme.allSatisfy({ $0.isASCIILetter || $0.isASCIIDigit || "+-.".utf8.contains($0) }),
        bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
    else { return false }
    let rest = bytes[bytes.index(after: colon)...]
    switch value[..<colon].lowercased() {
    case "http", "https":
        return rest.starts(with: "//".utf8)
            && rest.dropFirst(2).first.map { !"/?#:".utf8.contains($0) } ?? false
    default:
        return !rest.isEmpty
    }
}

extension UInt8 {
    var isASCIILetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
    var isASCIIDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
