/// Why a text is not an origin. Its description ends a sentence that names the text's source.
public enum OriginError: Error, Equatable, CustomStringConvertible {
    case scheme
    case userInformation
    case path
    case host
    case port
    case characters

    public var description: String {
        switch self {
        case .scheme: "must start with https:// or http://"
        case .userInformation: "must not hold a user name or password"
        case .path: "must be scheme, host and port alone, without a path, query or fragment"
        case .host: "must name a host in ASCII, such as portal.example.com"
        case .port: "must have a port from 1 to 65535, or none"
        case .characters: "must not hold blanks, backslashes, control characters or characters beyond ASCII"
        }
    }
}

extension Origin {
    /// Reads an origin; a single `/` behind it is forgiven.
    public init(parsing text: String) throws(OriginError) {
        let (scheme, authority, rest) = try Origin.split(text)
        guard rest.isEmpty || rest == "/" else { throw .path }
        try self.init(scheme: scheme, authority: authority)
    }

    /// The origin of a whole URL, such as a `Referer`: whatever follows the authority is passed over.
    public init(ofURL text: String) throws(OriginError) {
        let (scheme, authority, _) = try Origin.split(text)
        try self.init(scheme: scheme, authority: authority)
    }

    /// Takes a text apart at the end of the scheme and of the authority (RFC 3986 §3.2).
    static func split(
        _ text: String
    ) throws(OriginError) -> (scheme: Scheme, authority: Substring, rest: Substring) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else { throw .characters }
        guard let end = text.range(ofFirst: "://"), let scheme = Scheme(rawValue: text[..<end.lowerBound].lowercased())
        else { throw .scheme }
        let behind = text[end.upperBound...]
        let authorityEnd = behind.firstIndex { "/?#".contains($0) } ?? behind.endIndex
        return (scheme, behind[..<authorityEnd], behind[authorityEnd...])
    }

    private init(scheme: Scheme, authority: Substring) throws(OriginError) {
        guard !authority.contains("@") else { throw .userInformation }
        let (host, port) = try Origin.split(authority: authority)
        guard let host = Origin.canonicalHost(host) else { throw .host }
        self.init(scheme: scheme, host: host, port: try Origin.port(port, of: scheme))
    }

    /// Takes host and port apart; the port is `nil` where there is no colon.
    static func split(authority: Substring) throws(OriginError) -> (host: Substring, port: Substring?) {
        let searchStart: Substring.Index
        if authority.first == "[" {
            guard let bracket = authority.firstIndex(of: "]") else { throw .host }
            searchStart = authority.index(after: bracket)
            guard searchStart == authority.endIndex || authority[searchStart] == ":" else { throw .host }
        } else {
            searchStart = authority.startIndex
        }
        guard let colon = authority[searchStart...].firstIndex(of: ":") else { return (authority, nil) }
        return (authority[..<colon], authority[authority.index(after: colon)...])
    }

    static func port(_ text: Substring?, of scheme: Scheme) throws(OriginError) -> UInt16 {
        guard let text else { return scheme.defaultPort }
        guard text.utf8.allSatisfy(\.isASCIIDigit), let port = UInt16(text), port > 0 else { throw .port }
        return port
    }

    /// A host in lower case: a name, a dotted quad, or an IPv6 address in brackets in the form of RFC 5952.
    private static func canonicalHost(_ host: Substring) -> String? {
        if host.first == "[" {
            guard let address = IPAddress(bare: String(host.dropFirst().dropLast())), case .v6 = address else {
                return nil
            }
            return "[\(address)]"
        }
        guard host.utf8.count <= 253, isHostName(host) else { return nil }
        // Browsers read a host whose last label is a number as IPv4, in forms such as 0x7f.1 too: only dotted quads are taken.
        if let last = host.split(separator: ".").last, last.utf8.first?.isASCIIDigit ?? false {
            guard let address = IPAddress(bare: String(host)), case .v4 = address else { return nil }
            return address.description
        }
        return host.lowercased()
    }

    /// Labels of 1 to 63 letters, digits, hyphens and underscores, parted by dots (RFC 1123 §2.1, and what is in use).
    static func isHostName(_ host: Substring) -> Bool {
        host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                && label.allSatisfy {
                    $0.isASCIILetter || $0.isASCIIDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                }
        }
    }
}

extension String {
    fileprivate func range(ofFirst separator: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(separator) {
                return start..<index(start, offsetBy: separator.count)
            }
            formIndex(after: &start)
        }
        return nil
    }
}

extension UInt8 {
    var isASCIILetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
    var isASCIIDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
