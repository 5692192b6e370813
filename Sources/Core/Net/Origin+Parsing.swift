import Bytes

extension ParseError {
    package static let originScheme = ParseError("must start with https:// or http://", example: originExample)
    package static let originUserInformation = ParseError("must not contain a user name or password")
    package static let originPath = ParseError(
        "must be only a scheme, host and port, without a path, query or fragment", example: originExample)
    package static let originHost = ParseError("must have a host in ASCII, such as portal.example.com")
    package static let originPort = ParseError("must have a port from 1 to 65535, or none")
    package static let originCharacters = ParseError(
        "must not contain spaces, backslashes, control characters or non-ASCII characters")

    private static let originExample = "https://portal.example.com"
}

extension Origin {
    /// Parses an origin. A single `/` at the end is ignored.
    /// - Throws: ``ParseError`` with the rule that the text breaks.
    package init(parsing text: String) throws(ParseError) {
        let parts = try OriginParts(text)
        guard parts.rest.isEmpty || parts.rest.elementsEqual("/".utf8) else { throw .originPath }
        try self.init(parts)
    }

    /// Parses the origin of a whole URL, such as a `Referer`. Everything after the authority is ignored.
    /// - Throws: ``ParseError`` with the rule that the text breaks.
    package init(ofURL text: String) throws(ParseError) {
        try self.init(OriginParts(text, isWhole: false))
    }

    /// Validates the host and the port of a URL.
    /// - Throws: ``ParseError/originHost`` or ``ParseError/originPort``.
    package init(_ parts: OriginParts) throws(ParseError) {
        guard let host = Origin.canonicalHost(parts.host) else { throw .originHost }
        var port = parts.scheme.defaultPort
        if let digits = parts.port {
            guard digits.allSatisfy(\.isASCIIDigit), let number = UInt16(String(decoding: digits, as: UTF8.self)),
                number > 0
            else { throw .originPort }
            port = number
        }
        self.init(scheme: parts.scheme, host: host, port: port)
    }

    /// The host in lower case: a name, a dotted quad, or an IPv6 address in brackets in the form of RFC 5952. `nil` for
    /// any other host.
    private static func canonicalHost(_ host: ArraySlice<UInt8>) -> String? {
        if host.first == UInt8(ascii: "[") {
            let text = String(decoding: host.dropFirst().dropLast(), as: UTF8.self)
            guard let address = IPAddress(bare: text[...]), case .v6 = address else { return nil }
            return "[\(address)]"
        }
        guard let lastLabel = lastLabel(ofHostName: host) else { return nil }
        let name = String(decoding: host.lazy.map(\.asciiLowercased), as: UTF8.self)
        // Browsers read a host whose last label is a number as an IPv4 address, even in forms such as 0x7f.1. Only
        // dotted quads are accepted.
        if let first = lastLabel.first, first.isASCIIDigit {
            guard let address = IPAddress(bare: name[...]), case .v4 = address else { return nil }
            return address.description
        }
        return name
    }

    /// The last label of a host name; `nil` if the host is not a name. A name has at most 253 bytes: labels of 1 to 63
    /// letters, digits, hyphens and underscores, separated by dots (RFC 1123 §2.1; underscores are in use).
    private static func lastLabel(ofHostName host: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard host.count <= 253 else { return nil }
        var start = host.startIndex
        for index in host.indices {
            switch host[index] {
            case UInt8(ascii: "."):
                guard isLabel(host[start..<index]) else { return nil }
                start = index + 1
            case let byte where byte.isASCIILetter || byte.isASCIIDigit: break
            case UInt8(ascii: "-"), UInt8(ascii: "_"): break
            default: return nil
            }
        }
        let last = host[start...]
        return isLabel(last) ? last : nil
    }

    private static func isLabel(_ label: ArraySlice<UInt8>) -> Bool {
        (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
    }
}

/// A URL split into scheme, host, port and the rest (RFC 3986 §3.2). Host and port are not validated yet.
package struct OriginParts {
    let scheme: Origin.Scheme
    /// The host; an IPv6 address is in brackets.
    var host: ArraySlice<UInt8>
    /// The text after the host's colon; `nil` if there is no colon.
    var port: ArraySlice<UInt8>?
    /// Path, query and fragment.
    package let rest: ArraySlice<UInt8>

    /// Splits a URL with the scheme `https` or `http`, in any case.
    /// - Parameter isWhole: whether the path, query and fragment must be plain ASCII, too.
    /// - Throws: ``ParseError`` with the rule that the text breaks.
    package init(_ text: String, isWhole: Bool = true) throws(ParseError) {
        let bytes = Array(text.utf8)
        guard !isWhole || OriginParts.isPlain(bytes[...]) else { throw .originCharacters }
        let authorityStart: Int
        if OriginParts.starts(bytes, with: "https://") {
            (scheme, authorityStart) = (.https, 8)
        } else if OriginParts.starts(bytes, with: "http://") {
            (scheme, authorityStart) = (.http, 7)
        } else {
            throw OriginParts.isPlain(bytes[...]) ? .originScheme : .originCharacters
        }
        let remainder = bytes[authorityStart...]
        let end = remainder.firstIndex { byte in
            byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
        }
        let authority = remainder[..<(end ?? remainder.endIndex)]
        rest = remainder[authority.endIndex...]
        guard isWhole || OriginParts.isPlain(authority) else { throw .originCharacters }
        guard !authority.contains(UInt8(ascii: "@")) else { throw .originUserInformation }
        // The colons inside the brackets of an IPv6 address do not start a port.
        let hostEnd = authority.first == UInt8(ascii: "[") ? authority.firstIndex(of: UInt8(ascii: "]")) : nil
        if authority.first == UInt8(ascii: "["), hostEnd == nil { throw .originHost }
        guard let colon = authority[(hostEnd ?? authority.startIndex)...].firstIndex(of: UInt8(ascii: ":")) else {
            guard hostEnd == nil || authority.last == UInt8(ascii: "]") else { throw .originHost }
            (host, port) = (authority, nil)
            return
        }
        guard hostEnd == nil || colon == hostEnd! + 1 else { throw .originHost }
        (host, port) = (authority[..<colon], authority[(colon + 1)...])
    }

    /// Whether bytes are visible ASCII without backslashes, which browsers read as slashes.
    private static func isPlain(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.allSatisfy { $0.isVisibleASCII && $0 != UInt8(ascii: "\\") }
    }

    /// Whether a text starts with a scheme, in upper or lower case.
    private static func starts(_ bytes: [UInt8], with scheme: StaticString) -> Bool {
        guard bytes.count >= scheme.utf8CodeUnitCount else { return false }
        return scheme.withUTF8Buffer { $0.elementsEqual(bytes.prefix($0.count).lazy.map(\.asciiLowercased)) }
    }
}
