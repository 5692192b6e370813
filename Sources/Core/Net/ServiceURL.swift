import Bytes
import Cryptography

/// Where a service is, and who asks: `scheme://[user:password@][host[:port]][/path]`, as RFC 3986 §3 has it, without
/// query and fragment.
package struct ServiceURL: Sendable {
    /// One of those that were allowed.
    package let scheme: String
    /// Percent-decoded; `nil` where there is none, or an empty one.
    package let user: String?
    /// Percent-decoded; `nil` where there is none.
    package let password: Secret?
    /// A name, or an address; one of IPv6 without its brackets. May be empty.
    package let host: String
    /// 1 to 65535.
    package let port: Int?
    /// What stands behind the host, from its slash on; percent escapes are left.
    package let path: String

    /// Reads a URL.
    /// - Parameter schemes: those that it may have, to be named where it has another.
    package init(parsing text: String, schemes: [String]) throws(ParseError) {
        let wanted = schemes.map { "\($0)://" }
        guard let (scheme, rest) = ServiceURL.split(text, at: "://"), schemes.contains(String(scheme)) else {
            let list = wanted.dropLast().joined(separator: ", ")
            throw ParseError("must start with \(list.isEmpty ? "" : "\(list) or ")\(wanted.last ?? "")")
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
            guard let (inner, behind) = split(text.dropFirst(), at: "]"), behind.isEmpty || behind.first == ":" else {
                throw ParseError("must close the brackets around an IPv6 address")
            }
            host = inner
            port = behind.isEmpty ? nil : behind.dropFirst()
        } else if let (name, digits) = split(text, at: ":") {
            (host, port) = (name, digits)
        }
        guard let port else { return (String(host), nil) }
        // Digits alone: Swift reads a sign, too.
        guard port.isASCIIDigits, let number = UInt16(port),
            number > 0
        else { throw ParseError("must have a port from 1 to 65535, or none") }
        return (String(host), Int(number))
    }

    /// What stands before and behind the first separator.
    private static func split(_ text: some StringProtocol, at separator: String) -> (Substring, Substring)? {
        let text = Substring(text)
        guard let range = text.firstRange(of: separator) else { return nil }
        return (text[..<range.lowerBound], text[range.upperBound...])
    }
}
