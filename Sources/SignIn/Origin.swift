/// A web origin: scheme, host and port, compared as values (RFC 6454 §4).
public struct Origin: Sendable, Hashable, CustomStringConvertible {
    public enum Scheme: String, Sendable {
        case http
        case https

        /// The port that is left out of the text (RFC 9110 §4.2).
        var defaultPort: UInt16 { self == .http ? 80 : 443 }
    }

    public let scheme: Scheme
    /// In lower case; an IPv6 address in brackets.
    public let host: String
    public let port: UInt16
    /// The origin's serialization (RFC 6454 §6.2): without a path, and without the scheme's default port.
    public let description: String

    init(scheme: Scheme, host: String, port: UInt16) {
        self.scheme = scheme
        self.host = host
        self.port = port
        let origin = "\(scheme.rawValue)://\(host)"
        description = port == scheme.defaultPort ? origin : "\(origin):\(port)"
    }

    /// Host and port, as they stand in the origin's text.
    public var authority: String { String(description.dropFirst(scheme.rawValue.count + 3)) }

    /// Whether the host is this machine: `localhost`, or a loopback address.
    public var isLoopback: Bool {
        host == "localhost" || IPAddress(parsing: host)?.isLoopback ?? false
    }
}
