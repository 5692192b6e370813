import Bytes

/// A path within the portal that is safe to redirect to: no browser resolves it to another origin.
///
/// It is a relative reference by RFC 3986 §4.2 that starts with one `/` and is at most 2,048 bytes long. It does not start
/// with `//` and contains no backslash, control character or `..` segment, even after its percent escapes are decoded once
/// or twice. Its escapes are those of UTF-8. Query and fragment are kept.
package struct PortalPath: Sendable, Hashable {
    /// The path with its percent escapes. Characters that a URI does not contain, such as a space or an `é`, are escaped
    /// even if they were given as they are.
    package let text: String

    package static let maximumByteCount = 2048

    /// Parses a path with optional query and fragment.
    /// - Throws: ``ParseError`` with the rule that the text violates.
    package init(parsing text: String) throws(ParseError) {
        guard text.utf8.count <= PortalPath.maximumByteCount else { throw PortalPath.tooLong }
        guard text.utf8.first == UInt8(ascii: "/") else {
            throw ParseError("must be a path within the portal, starting with /")
        }
        // The end of the path is found before decoding: an escaped ? or # is part of a segment.
        let pathLength = text.utf8.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }.count
        var path = Array(text.utf8.prefix(pathLength))
        var rest = Array(text.utf8.dropFirst(pathLength))
        try PortalPath.check(path, rest)
        if text.utf8.contains(UInt8(ascii: "%")) {
            guard let decoded = strictlyPercentDecoded(Array(text.utf8)),
                String(validating: decoded, as: UTF8.self) != nil
            else { throw PortalPath.malformedEscape }
            for _ in 1...2 {
                path = percentDecoded(path)
                rest = percentDecoded(rest)
                try PortalPath.check(path, rest)
            }
        }
        self.text = PortalPath.escaped(text)
        guard self.text.utf8.count <= PortalPath.maximumByteCount else { throw PortalPath.tooLong }
    }

    private static let tooLong = ParseError("must be at most \(maximumByteCount) bytes long")
    private static let malformedEscape = ParseError("must have only valid percent escapes, of UTF-8")

    /// A text with its other characters than those of a URI escaped: the second `#`, which would start no fragment, too.
    private static func escaped(_ text: String) -> String {
        var hasFragment = false
        func isKept(_ byte: UInt8) -> Bool {
            guard byte == UInt8(ascii: "#") else { return byte.isURICharacter }
            defer { hasFragment = true }
            return !hasFragment
        }
        guard !text.utf8.allSatisfy(isKept) else { return text }
        hasFragment = false
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if isKept(byte) {
                bytes.append(byte)
            } else {
                bytes += [
                    UInt8(ascii: "%"), .uppercaseHexadecimalDigit(byte >> 4), .uppercaseHexadecimalDigit(byte & 15),
                ]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// - Parameter rest: query and fragment.
    private static func check(_ path: [UInt8], _ rest: [UInt8]) throws(ParseError) {
        guard isFreeOfControls(path), isFreeOfControls(rest) else {
            throw ParseError("must not contain a backslash or control character, escaped or not")
        }
        guard !startsWithTwoSlashes(path) else { throw ParseError("must not start with //, escaped or not") }
        guard !climbs(path) else { throw ParseError("must not contain a .. segment, escaped or not") }
    }

    /// Whether the bytes contain no backslash and no control character: C0 and DEL as bytes, C1 as UTF-8.
    private static func isFreeOfControls(_ bytes: [UInt8]) -> Bool {
        var previous: UInt8 = 0
        for byte in bytes {
            if byte < 0x20 || byte == 0x7F || byte == UInt8(ascii: "\\") { return false }
            if previous == 0xC2, (0x80...0x9F).contains(byte) { return false }
            previous = byte
        }
        return true
    }

    /// Whether the path starts with `//`, or would once the `.` segments at its start are removed (RFC 3986 §5.2.4).
    private static func startsWithTwoSlashes(_ path: [UInt8]) -> Bool {
        var rest = path.dropFirst()
        while rest.starts(with: "./".utf8) { rest = rest.dropFirst(2) }
        return rest.first == UInt8(ascii: "/")
    }

    /// Whether one of the segments is `..`.
    private static func climbs(_ path: [UInt8]) -> Bool {
        var dotCount = 0
        var isOnlyDots = true
        for byte in path {
            switch byte {
            case UInt8(ascii: "/"):
                if isOnlyDots, dotCount == 2 { return true }
                (dotCount, isOnlyDots) = (0, true)
            case UInt8(ascii: "."): dotCount += 1
            default: isOnlyDots = false
            }
        }
        return isOnlyDots && dotCount == 2
    }
}

extension PortalPath {
    /// Parses a path without query and fragment, in visible ASCII.
    package init(parsingPathAlone text: String) throws(ParseError) {
        guard let path = try? PortalPath(parsing: text), path.text == text,
            !text.utf8.contains(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") })
        else { throw ParseError("must be a path starting with /, without a query or fragment") }
        self = path
    }
}

extension UInt8 {
    /// Whether the byte is a character of a path, query or escape (RFC 3986 §3.3, §3.4): unreserved, a sub-delimiter, or
    /// one of `:@/?%`.
    fileprivate var isURICharacter: Bool {
        switch self {
        case UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&")...UInt8(ascii: ","), UInt8(ascii: ";"),
            UInt8(ascii: "="), UInt8(ascii: ":"), UInt8(ascii: "@"), UInt8(ascii: "/"), UInt8(ascii: "?"),
            UInt8(ascii: "%"):
            true
        default: isUnreserved
        }
    }
}
