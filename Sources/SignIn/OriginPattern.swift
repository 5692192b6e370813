/// An entry of the allowlist: `https://portal.example.com`, `https://*.example.com` or `http://localhost:*`.
public struct OriginPattern: Sendable, Hashable {
    private enum Host: Hashable {
        case exactly(String)
        /// One label, then a dot, then this.
        case oneLabelBelow(String)
    }

    private let scheme: Origin.Scheme
    private let host: Host
    /// `nil` matches every port.
    private let port: UInt16?

    /// Reads an entry. `*` stands for one whole label at the start of the host, with two labels or more behind it; as a port
    /// it is for loopback hosts alone.
    public init(parsing text: String) throws(OriginError) {
        let (scheme, authority, rest) = try Origin.split(text)
        guard rest.isEmpty || rest == "/" else { throw .path }
        var (host, port) = try Origin.split(authority: authority)
        let isAnyPort = port == "*"
        if isAnyPort { port = nil }
        let isWildcard = host.hasPrefix("*.")
        if isWildcard { host = host.dropFirst(2) }
        let portText = port.map { ":\($0)" } ?? ""
        let origin = try Origin(parsing: "\(scheme.rawValue)://\(host)\(portText)")
        guard !isAnyPort || (origin.isLoopback && !isWildcard) else { throw .port }
        guard !isWildcard || (origin.host.contains(".") && IPAddress(parsing: origin.host) == nil) else { throw .host }
        self.scheme = scheme
        self.host = isWildcard ? .oneLabelBelow(origin.host) : .exactly(origin.host)
        self.port = isAnyPort ? nil : origin.port
    }

    public func matches(_ origin: Origin) -> Bool {
        guard origin.scheme == scheme, port == nil || origin.port == port else { return false }
        switch host {
        case .exactly(let host):
            return origin.host == host
        case .oneLabelBelow(let parent):
            guard let dot = origin.host.firstIndex(of: "."), dot > origin.host.startIndex else { return false }
            return origin.host[origin.host.index(after: dot)...] == parent
        }
    }
}
