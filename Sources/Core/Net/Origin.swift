/// A web origin: scheme, host and port, compared as values (RFC 6454 §4).
package struct Origin: Sendable, Hashable, CustomStringConvertible {
    /// The scheme of an origin.
    package enum Scheme: String, Sendable {
        case http
        case https

        /// The scheme's default port, which is left out of the origin's text (RFC 9110 §4.2).
        var defaultPort: UInt16 { self == .http ? 80 : 443 }
    }

    package let scheme: Scheme
    /// The host in lower case; an IPv6 address is in brackets.
    package let host: String
    /// 1 to 65535; the scheme's default port if the text has no port.
    package let port: UInt16
    /// The origin's serialization (RFC 6454 §6.2): without a path, and without the scheme's default port.
    package let description: String

    init(scheme: Scheme, host: String, port: UInt16) {
        self.scheme = scheme
        self.host = host
        self.port = port
        let origin = "\(scheme.rawValue)://\(host)"
        description = port == scheme.defaultPort ? origin : "\(origin):\(port)"
    }

    /// The host and the port, without the scheme's default port.
    package var authority: String { String(description.dropFirst(scheme.rawValue.count + 3)) }

    /// Whether the host is this machine: `localhost`, or a loopback address.
    package var isLoopback: Bool {
        host == "localhost" || IPAddress(parsing: host)?.isLoopback ?? false
    }
}
