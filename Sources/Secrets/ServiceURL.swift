/// Where a service is, and who asks: `scheme://[user:password@][host[:port]][/path]`, as RFC 3986 §3 has it, without
/// query and fragment.
public struct ServiceURL: Sendable {
    /// One of those that were allowed.
    public let scheme: String
    /// Percent-decoded; `nil` where there is none, or an empty one.
    public let user: String?
    /// Percent-decoded; `nil` where there is none.
    public let password: Secret?
    /// A name, or an address; one of IPv6 without its brackets. May be empty.
    public let host: String
    /// 1 to 65535.
    public let port: Int?
    /// What stands behind the host, from its slash on; percent escapes are left.
    public let path: String

    /// The rule that a text breaks, as the end of a sentence. It holds nothing of the text.
    public struct Invalid: Error, Equatable, CustomStringConvertible {
        public let description: String

        public init(_ description: String) {
            self.description = description
        }
    }

    /// Reads a URL.
    /// - Parameter schemes: those that it may have, to be named where it has another.
    public init(parsing text: String, schemes: [String]) throws(Invalid) {
        let wanted = schemes.map { "\($0)://" }
        guard let (scheme, rest) = ServiceURL.split(text, at: "://"), schemes.contains(String(scheme)) else {
            let list = wanted.dropLast().joined(separator: ", ")
            throw Invalid("must start with \(list.isEmpty ? "" : "\(list) or ")\(wanted.last ?? "")")
        }
        guard !rest.contains("?"), !rest.contains("#") else {
            throw Invalid("must not hold a query or fragment; write ? and # in a password as %3F and %23")
        }
        let authority = rest.prefix { $0 != "/" }
        let (credentials, host) = ServiceURL.split(authority, at: "@") ?? ("", authority)
        self.scheme = String(scheme)
        path = String(rest.dropFirst(authority.count))
        (user, password) = try ServiceURL.credentials(credentials)
        (self.host, port) = try ServiceURL.hostAndPort(host)
    }

    private static func credentials(_ text: Substring) throws(Invalid) -> (user: String?, password: Secret?) {
        guard !text.isEmpty else { return (nil, nil) }
        let (user, password) = split(text, at: ":") ?? (text, "")
        guard let user = percentDecoded(user), var secret = percentDecoded(password) else {
            throw Invalid("must write a % in user and password as %25")
        }
        return (
            user.isEmpty ? nil : String(decoding: user, as: UTF8.self), secret.isEmpty ? nil : Secret(wiping: &secret)
        )
    }

    private static func hostAndPort(_ text: Substring) throws(Invalid) -> (host: String, port: Int?) {
        guard !text.contains("@") else { throw Invalid("must write an @ in user and password as %40") }
        var host = text
        var port: Substring?
        if text.first == "[" {
            guard let (inner, behind) = split(text.dropFirst(), at: "]"), behind.isEmpty || behind.first == ":" else {
                throw Invalid("must close the bracket around an IPv6 address")
            }
            host = inner
            port = behind.isEmpty ? nil : behind.dropFirst()
        } else if let (name, digits) = split(text, at: ":") {
            (host, port) = (name, digits)
        }
        guard let port else { return (String(host), nil) }
        // Digits alone: Swift reads a sign, too.
        guard port.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = UInt16(port),
            number > 0
        else { throw Invalid("must have a port from 1 to 65535, or none") }
        return (String(host), Int(number))
    }

    /// What stands before and behind the first separator.
    private static func split(_ text: some StringProtocol, at separator: String) -> (Substring, Substring)? {
        let text = Substring(text)
        guard let range = text.firstRange(of: separator) else { return nil }
        return (text[..<range.lowerBound], text[range.upperBound...])
    }

    /// Bytes with percent escapes replaced (RFC 3986 §2.1); `nil` where a `%` starts none.
    private static func percentDecoded(_ text: Substring) -> [UInt8]? {
        var decoded: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                decoded.append(byte)
                continue
            }
            let digits = Substring(rest.prefix(2))
            guard digits.count == 2, digits.allSatisfy(\.isHexDigit), let escaped = UInt8(digits, radix: 16) else {
                return nil
            }
            decoded.append(escaped)
            rest = rest.dropFirst(2)
        }
        return decoded
    }
}
