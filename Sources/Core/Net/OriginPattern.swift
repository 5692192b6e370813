import Bytes

/// An entry of the allowlist: `https://portal.example.com`, `https://*.example.com` or `http://localhost:*`.
package struct OriginPattern: Sendable, Hashable {
    private let scheme: Origin.Scheme
    /// The host in lower case, without `*.`.
    private let host: String
    /// Whether the entry's host starts with `*.`, so that a label must precede ``host``.
    private let hasWildcard: Bool
    /// The port; `nil` matches every port.
    private let port: UInt16?

    /// Parses an entry. At the start of the host, `*` matches one whole label; the scheme must be https, and two labels
    /// or more must follow. As the port, `*` matches every port, and only loopback hosts may have it.
    /// - Throws: ``ParseError`` with the rule that the text breaks.
    package init(parsing text: String) throws(ParseError) {
        var parts = try OriginParts(text)
        guard parts.rest.isEmpty || parts.rest.elementsEqual("/".utf8) else { throw .originPath }
        let isAnyPort = parts.port?.elementsEqual("*".utf8) ?? false
        if isAnyPort { parts.port = nil }
        hasWildcard = parts.host.starts(with: "*.".utf8)
        if hasWildcard { parts.host = parts.host.dropFirst(2) }
        let origin = try Origin(parts)
        guard !isAnyPort || (origin.isLoopback && !hasWildcard) else { throw .originPort }
        guard !hasWildcard || (origin.host.contains(".") && IPAddress(parsing: origin.host) == nil) else {
            throw .originHost
        }
        guard !hasWildcard || origin.scheme == .https else { throw .originScheme }
        scheme = origin.scheme
        host = origin.host
        port = isAnyPort ? nil : origin.port
    }

    /// The only origin that the entry matches; `nil` if it matches several.
    var origin: Origin? {
        guard !hasWildcard, let port else { return nil }
        return Origin(scheme: scheme, host: host, port: port)
    }

    /// Whether the entry allows an origin.
    package func matches(_ origin: Origin) -> Bool {
        guard origin.scheme == scheme, port == nil || origin.port == port else { return false }
        guard hasWildcard else { return origin.host == host }
        let labels = origin.host.utf8
        guard let dot = labels.firstIndex(of: UInt8(ascii: ".")), dot > labels.startIndex else { return false }
        return labels[labels.index(after: dot)...].elementsEqual(host.utf8)
    }
}
