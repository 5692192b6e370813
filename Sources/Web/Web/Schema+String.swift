import Bytes
import Net

extension Schema<String> {
    /// Allows at most `length` UTF-16 code units, as JavaScript counts characters.
    @inlinable package func max(_ length: Int) -> Schema<String> {
        check { value in
            value.utf16.count <= length
                ? nil : Finding(.tooBig, "Too big: expected string to have <=\(length) characters")
        }
    }

    /// Allows only email addresses, checked by ``isEmailAddress(_:)``.
    @inlinable package func email() -> Schema<String> {
        check { isEmailAddress($0) ? nil : Finding(.invalidFormat, "Invalid email address") }
    }

    /// Allows only absolute URLs, checked by ``isURL(_:)``.
    @inlinable package func url() -> Schema<String> {
        check { isURL($0) ? nil : Finding(.invalidFormat, "Invalid URL") }
    }
}

/// Whether a string has the form of an absolute URL: a scheme, a colon and at least one more character (RFC 3986 §4.3).
/// After `http:` and `https:`, two slashes and a host must follow. Spaces, tabs and other control characters are not allowed.
@usableFromInline package func isURL(_ value: String) -> Bool {
    let bytes = value.utf8
    guard let first = bytes.first, first.isASCIILetter, let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
        bytes[..<colon].allSatisfy(\.isSchemeByte), bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
    else { return false }
    let rest = bytes[bytes.index(after: colon)...]
    let scheme = bytes[..<colon].lazy.map { $0 | 0x20 }
    guard scheme.elementsEqual("https".utf8) || scheme.elementsEqual("http".utf8) else { return !rest.isEmpty }
    guard rest.starts(with: "//".utf8), let host = rest.dropFirst(2).first else { return false }
    return host != UInt8(ascii: "/") && host != UInt8(ascii: "?") && host != UInt8(ascii: "#")
        && host != UInt8(ascii: ":")
}

extension UInt8 {
    /// Whether the byte is allowed in a URL's scheme, after its first character (RFC 3986 §3.1).
    fileprivate var isSchemeByte: Bool {
        isASCIILetter || isASCIIDigit || self == UInt8(ascii: "+") || self == UInt8(ascii: "-")
            || self == UInt8(ascii: ".")
    }
}

extension Schema<EmailAddress> {
    /// An email address. Surrounding whitespace is an error; it is not trimmed.
    package static let emailAddress: Schema<EmailAddress> = string().email().max(EmailAddress.maximumByteCount)
        .transform { text in
            guard let address = EmailAddress(wellFormed: text) else {
                return .refused(Finding(.invalidFormat, "Invalid email address"))
            }
            return .value(address)
        }
}
