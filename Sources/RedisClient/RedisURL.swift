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
        guard let (scheme, rest) = RedisURL.split(text, at: "://") else {
            throw Invalid(description: "must start with redis://, rediss:// or unix://")
        }
        guard !rest.contains("?"), !rest.contains("#") else {
            throw Invalid(description: "must not hold a query or fragment; write ? and # in a password as %3F and %23")
        }
        let authority = rest.prefix { $0 != "/" }
        let path = rest.dropFirst(authority.count)
        let (credentials, host) = RedisURL.split(authority, at: "@") ?? ("", authority)
        (user, password) = try RedisURL.credentials(credentials)
        isTLS = scheme == "rediss"
        switch scheme {
        case "redis", "rediss":
            address = try RedisURL.hostAddress(host)
            database = try RedisURL.database(path)
        case "unix":
            guard host.isEmpty, path.count > 1 else {
                throw Invalid(description: "must be unix:// and an absolute path")
            }
            address = .socket(path: String(path))
            database = 0
        default:
            throw Invalid(description: "must start with redis://, rediss:// or unix://")
        }
    }

    private static func credentials(_ text: Substring) throws(Invalid) -> (user: String?, password: Secret?) {
        guard !text.isEmpty else { return (nil, nil) }
        guard let (user, password) = split(text, at: ":"), !password.isEmpty else {
            throw Invalid(description: "must have a password, as user:password@ or :password@, where it has a user")
        }
        guard let user = percentDecoded(user), var secret = percentDecoded(password) else {
            throw Invalid(description: "must write a % in user and password as %25")
        }
        return (user.isEmpty ? nil : String(decoding: user, as: UTF8.self), Secret(wiping: &secret))
    }

    private static func hostAddress(_ text: Substring) throws(Invalid) -> Address {
        var host = text
        var port: Substring?
        if text.first == "[" {
            guard let (inner, behind) = split(text.dropFirst(), at: "]"), behind.isEmpty || behind.first == ":" else {
                throw Invalid(description: "must close the bracket around an IPv6 address")
            }
            host = inner
            port = behind.isEmpty ? nil : behind.dropFirst()
        } else if let (name, digits) = split(text, at: ":") {
            (host, port) = (name, digits)
        }
        guard !host.isEmpty else { throw Invalid(description: "must name a host") }
        guard !host.contains("@") else { throw Invalid(description: "must write an @ in user and password as %40") }
        guard let number = port.map(RedisURL.number) ?? 6379, number > 0 else {
            throw Invalid(description: "must have a port from 1 to 65535, or none")
        }
        return .host(String(host), port: Int(number))
    }

    private static func database(_ path: Substring) throws(Invalid) -> Int {
        let digits = path.dropFirst()
        guard !digits.isEmpty else { return 0 }
        guard let number = number(digits) else {
            throw Invalid(description: "must end in the number of a database, or nothing, behind the host")
        }
        return Int(number)
    }

    /// A number of digits alone: Swift reads a sign, too.
    private static func number(_ digits: Substring) -> UInt16? {
        digits.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? UInt16(digits) : nil
    }

    /// What stands before and behind the first separator.
    private static func split(_ text: some StringProtocol, at separator: String) -> (Substring, Substring)? {
        let text = Substring(text)
        var start = text.startIndex
        while start < text.endIndex {
            if text[start...].hasPrefix(separator) {
                return (text[..<start], text[text.index(start, offsetBy: separator.count)...])
            }
            text.formIndex(after: &start)
        }
        return nil
    }

    /// Bytes with percent escapes replaced (RFC 3986 §2.1); `nil` where a `%` starts none.
    private static func percentDecoded(_ text: Substring) -> [UInt8]? {
        var decoded: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                decoded.append(byte)
                continue
            }
            let digits = Substring(rest.prefix(2))
            guard digits.count == 2, digits.allSatisfy(\.isHexDigit), let escaped = UInt8(digits, radix: 16) else {
                return nil
            }
            decoded.append(escaped)
            rest = rest.dropFirst(2)
        }
        return decoded
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
