import Bytes

/// An entry of the allowlist: `https://portal.example.com`, `https://*.example.com` or `http://localhost:*`.
package struct OriginPattern: Sendable, Hashable {
    private let scheme: Origin.Scheme
    /// The host, or, where a label may stand before it, the host behind that label and its dot.
    private let host: String
    private let hasLabelBefore: Bool
    /// `nil` matches every port.
    private let port: UInt16?

    /// Reads an entry. `*` stands for one whole label at the start of the host, with https and two labels or more
    /// behind it; as a port it is for loopback hosts alone.
    package init(parsing text: String) throws(ParseError) {
        var parts = try OriginParts(text)
        guard parts.rest.isEmpty || parts.rest.elementsEqual("/".utf8) else { throw .originPath }
        let isAnyPort = parts.port?.elementsEqual("*".utf8) ?? false
        if isAnyPort { parts.port = nil }
        hasLabelBefore = parts.host.starts(with: "*.".utf8)
        if hasLabelBefore { parts.host = parts.host.dropFirst(2) }
        let origin = try Origin(parts)
        guard !isAnyPort || (origin.isLoopback && !hasLabelBefore) else { throw .originPort }
        guard !hasLabelBefore || (origin.host.contains(".") && IPAddress(parsing: origin.host) == nil) else {
            throw .originHost
        }
        guard !hasLabelBefore || origin.scheme == .https else { throw .originScheme }
        scheme = origin.scheme
        host = origin.host
        port = isAnyPort ? nil : origin.port
    }

    /// The one origin that the entry matches; `nil` where it matches several.
    var origin: Origin? {
        guard !hasLabelBefore, let port else { return nil }
        return Origin(scheme: scheme, host: host, port: port)
    }

    package func matches(_ origin: Origin) -> Bool {
        guard origin.scheme == scheme, port == nil || origin.port == port else { return false }
        guard hasLabelBefore else { return origin.host == host }
        let labels = origin.host.utf8
        guard let dot = labels.firstIndex(of: UInt8(ascii: ".")), dot > labels.startIndex else { return false }
        return labels[labels.index(after: dot)...].elementsEqual(host.utf8)
    }
}
