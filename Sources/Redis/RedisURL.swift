import Bytes
import Cryptography
import NIOCore
import Net

/// The address of Redis and the credentials for it: `redis://[user:password@]host[:port][/db]`, the same with
/// `rediss://` for TLS, or `unix://[user:password@]/path`.
package struct RedisURL: Sendable {
    /// The endpoint of a connection.
    package enum Address: Sendable, Equatable {
        case host(String, port: Int)
        /// The path of a Unix domain socket.
        case socket(path: String)
    }

    package let address: Address
    /// Whether the scheme is `rediss`.
    package let isTLS: Bool
    /// The user; `nil` is Redis' default user.
    package let user: String?
    package let password: Secret?
    /// The number of the logical database, 0 to 65535. Default: 0.
    package let database: Int

    /// Parses a URL. User and password are percent-decoded; the default port is 6379.
    /// - Throws: ``ParseError`` with the rule that the text breaks.
    package init(parsing text: String) throws(ParseError) {
        guard !holdsWhitespace(text) else {
            throw ParseError(
                "must not contain or end in a space, tab or line end; write a space in a user or password as %20")
        }
        let url = try ServiceURL(parsing: text, schemes: ["redis", "rediss", "unix"])
        guard url.password != nil || url.user == nil else {
            throw ParseError("must have a password if it has a user: user:password@, or :password@")
        }
        user = url.user
        password = url.password
        isTLS = url.scheme == "rediss"
        if url.scheme == "unix" {
            guard url.host.isEmpty, url.port == nil, url.path.count > 1 else {
                throw ParseError("must be unix:// followed by an absolute path")
            }
            address = .socket(path: url.path)
            database = 0
        } else {
            guard !url.host.isEmpty else { throw ParseError("must have a host") }
            address = .host(url.host, port: url.port ?? 6379)
            database = try RedisURL.database(url.path.dropFirst())
        }
    }

    private static func database(_ digits: Substring) throws(ParseError) -> Int {
        if digits.isEmpty { return 0 }
        guard digits.isASCIIDigits, let number = UInt16(digits) else {
            throw ParseError("must have only a database number, or nothing, after the host")
        }
        return Int(number)
    }
}

extension RedisURL: CustomStringConvertible {
    /// The host and port, or the path of the socket, without user and password.
    package var description: String {
        switch address {
        case .host(let host, let port): "\(host):\(port)"
        case .socket(let path): path
        }
    }

    /// The host name that the server's certificate must contain; `nil` if the host is an IP address, which the
    /// certificate must contain instead.
    var serverName: String? {
        guard case .host(let host, _) = address, (try? SocketAddress(ipAddress: host, port: 0)) == nil else {
            return nil
        }
        return host
    }
}
