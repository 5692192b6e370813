import Bytes
import Cryptography

/// The address of a service and the credentials for it: `scheme://[user:password@][host[:port]][/path]`, the form of
/// RFC 3986 §3 without query and fragment.
package struct ServiceURL: Sendable {
    /// One of the allowed schemes.
    package let scheme: String
    /// The percent-decoded user; `nil` if it is missing or empty.
    package let user: String?
    /// The percent-decoded password; `nil` if it is missing or empty.
    package let password: Secret?
    /// A host name or IP address; an IPv6 address has no brackets. May be empty.
    package let host: String
    /// 1 to 65535; `nil` if it is missing.
    package let port: Int?
    /// The part after host and port, from the slash on, with its percent escapes. May be empty.
    package let path: String

    /// Parses a URL.
    /// - Parameter schemes: the allowed schemes, which the error names if the URL has another.
    /// - Throws: ``ParseError`` with the rule that the text breaks.
    package init(parsing text: String, schemes: [String]) throws(ParseError) {
        guard !ServiceURL.isStray(text) else {
            throw ParseError(
                "must not contain or end in a space, tab or line end; write a space in a user or password as %20")
        }
        let prefixes = schemes.map { "\($0)://" }
        guard let (scheme, rest) = ServiceURL.split(text, at: "://"), schemes.contains(String(scheme)) else {
            let list = prefixes.dropLast().joined(separator: ", ")
            throw ParseError("must start with \(list.isEmpty ? "" : "\(list) or ")\(prefixes.last ?? "")")
        }
        guard !rest.contains("?"), !rest.contains("#") else {
            throw ParseError("must not contain a query or fragment; write ? and # in a password as %3F and %23")
        }
        let authority = rest.prefix { $0 != "/" }
        let (credentials, host) = ServiceURL.split(authority, at: "@") ?? ("", authority)
        self.scheme = String(scheme)
        path = String(rest.dropFirst(authority.count))
        (user, password) = try ServiceURL.credentials(credentials)
        (self.host, port) = try ServiceURL.hostAndPort(host)
    }

    /// Whether a text has white space or control characters that cannot be meant, such as the line end of a file that it
    /// was read from. Only inside the path of a folder is a space meant.
    private static func isStray(_ text: String) -> Bool {
        let authorityEnd = text.firstRange(of: "://").map { text[$0.upperBound...].firstIndex(of: "/") } ?? nil
        let (start, path) = (text[..<(authorityEnd ?? text.endIndex)], text[(authorityEnd ?? text.endIndex)...])
        return holdsWhitespace(start) || path.last == " "
            || path.unicodeScalars.contains { $0 != " " && isWhitespace($0) }
    }

    private static func credentials(_ text: Substring) throws(ParseError) -> (user: String?, password: Secret?) {
        guard !text.isEmpty else { return (nil, nil) }
        let (user, password) = split(text, at: ":") ?? (text, "")
        guard let user = strictlyPercentDecoded(Array(user.utf8)),
            var secret = strictlyPercentDecoded(Array(password.utf8))
        else {
            throw ParseError("must write % in the user or password as %25")
        }
        return (
            user.isEmpty ? nil : String(decoding: user, as: UTF8.self), secret.isEmpty ? nil : Secret(wiping: &secret)
        )
    }

    private static func hostAndPort(_ text: Substring) throws(ParseError) -> (host: String, port: Int?) {
        guard !text.contains("@") else { throw ParseError("must write @ in the user or password as %40") }
        var host = text
        var port: Substring?
        if text.first == "[" {
            guard let (inner, rest) = split(text.dropFirst(), at: "]"), rest.isEmpty || rest.first == ":" else {
                throw ParseError("must close the brackets around an IPv6 address")
            }
            host = inner
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if let (name, digits) = split(text, at: ":") {
            (host, port) = (name, digits)
        }
        guard let port else { return (String(host), nil) }
        // Checked because `UInt16(_:)` also accepts a sign.
        guard port.isASCIIDigits, let number = UInt16(port),
            number > 0
        else { throw ParseError("must have a port from 1 to 65535, or none") }
        return (String(host), Int(number))
    }

    /// The parts before and after the first separator; `nil` if there is no separator.
    private static func split(_ text: some StringProtocol, at separator: String) -> (Substring, Substring)? {
        let text = Substring(text)
        guard let range = text.firstRange(of: separator) else { return nil }
        return (text[..<range.lowerBound], text[range.upperBound...])
    }
}

/// Whether a text contains white space or a control character.
package func holdsWhitespace(_ text: some StringProtocol) -> Bool {
    text.unicodeScalars.contains(where: isWhitespace)
}

private func isWhitespace(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isWhitespace || scalar.properties.generalCategory == .control
}
