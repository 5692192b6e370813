import FoundationEssentials
import NIOCore
public import Secrets

/// Where Redis is and who asks: `redis://` or, by TLS, `rediss://[user:password@]host[:port][/db]`, or `unix:///path`.
public struct RedisURL: Sendable {
    /// What a connection is made to.
    public enum Address: Sendable, Equatable {
        case host(String, port: Int)
        /// The path of a Unix domain socket.
        case socket(path: String)
    }

    public let address: Address
    public let isTLS: Bool
    /// `nil` is Redis' default user.
    public let user: String?
    public let password: Secret?
    /// The number of the logical database, 0 or more.
    public let database: Int

    /// Why a text is not such a URL. It holds nothing of the text.
    public struct Invalid: Error, Equatable, CustomStringConvertible {
        public let description: String
    }

    /// Reads a URL; user and password are percent-decoded.
    public init(parsing text: String) throws(Invalid) {
        guard let url = URLComponents(string: text), let scheme = url.scheme?.lowercased() else {
            throw Invalid(
                description: "must be redis://, rediss:// or unix:// and what follows; escape % and @ in a password")
        }
        guard url.query == nil, url.fragment == nil else {
            throw Invalid(description: "must not hold a query or fragment")
        }
        user = url.user.flatMap { $0.isEmpty ? nil : $0 }
        password = url.password.map { Secret(copying: $0.utf8) }
        isTLS = scheme == "rediss"
        switch scheme {
        case "redis", "rediss":
            // A URL keeps the brackets of an IPv6 address, a socket's address does not.
            let host = (url.host ?? "").trimming(while: { "[]".contains($0) })
            guard !host.isEmpty else { throw Invalid(description: "must name a host") }
            let port = url.port ?? 6379
            guard (1...65535).contains(port) else {
                throw Invalid(description: "must have a port from 1 to 65535")
            }
            address = .host(host, port: port)
            let path = url.path.drop { $0 == "/" }
            guard path.isEmpty || path.allSatisfy(\.isWholeNumber), let number = path.isEmpty ? 0 : Int(path) else {
                throw Invalid(description: "must end in the number of a database, or nothing, behind the host")
            }
            database = number
        case "unix":
            guard url.host ?? "" == "", url.path.count > 1 else {
                throw Invalid(description: "must be unix:// and an absolute path")
            }
            address = .socket(path: url.path)
            database = 0
        default:
            throw Invalid(description: "must start with redis://, rediss:// or unix://")
        }
        guard user == nil || password != nil else {
            throw Invalid(description: "must have a password where it has a user")
        }
    }
}

extension RedisURL: CustomStringConvertible {
    /// Where Redis is, without user and password.
    public var description: String {
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

extension String {
    fileprivate func trimming(while isTrimmed: (Character) -> Bool) -> String {
        String(drop(while: isTrimmed).reversed().drop(while: isTrimmed).reversed())
    }
}
