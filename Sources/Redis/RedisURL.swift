import NIOCore
import Bytes
import Cryptography
import Net

/// Where Redis is and who asks: `redis://` or, by TLS, `rediss://[user:password@]host[:port][/db]`, or `unix:///path`.
package struct RedisURL: Sendable {
    /// What a connection is made to.
    package enum Address: Sendable, Equatable {
        case host(String, port: Int)
        /// The path of a Unix domain socket.
        case socket(path: String)
    }

    package let address: Address
    package let isTLS: Bool
    /// `nil` is Redis' default user.
    package let user: String?
    package let password: Secret?
    /// The number of the logical database, 0 or more.
    package let database: Int

    /// Reads a URL; user and password are percent-decoded.
    package init(parsing text: String) throws(ParseError) {
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
    /// Where Redis is, without user and password.
    package var description: String {
        switch address {
        case .host(let host, let port): "\(host):\(port)"
        case .socket(let path): path
        }
    }

    /// The name that the server's certificate must carry; `nil` where the host is an address, which it must carry then.
    var serverName: String? {
        guard case .host(let host, _) = address, (try? SocketAddress(ipAddress: host, port: 0)) == nil else {
            return nil
        }
        return host
    }
}
