import Bytes
import NIOCore
import Platform
import Settings

/// The settings of clients' connections.
package struct ConnectionSettings: Sendable {
    /// `POSTERN_KEEP_ALIVE_TIMEOUT`: the longest time a connection may be silent between requests, 1s to 650s. It should
    /// be longer than that of the load balancer in front. Default: 75s.
    package let keepAliveTimeout: Duration
    /// `POSTERN_CLIENT_CONNECTIONS`: the maximum number of open connections from one IPv4 address or /64 of IPv6, 1 to
    /// 4096. Trusted proxies have no limit. Default: 512.
    package let maximumCountPerClient: Int

    /// Reads the settings.
    /// - Throws: ``SettingError`` for the first setting that is invalid.
    package init(_ environment: Environment) throws(SettingError) {
        keepAliveTimeout =
            try environment.optional("POSTERN_KEEP_ALIVE_TIMEOUT", example: "75s") { (text) throws(ParseError) in
                try parseDuration(text, in: .seconds(1)...(.seconds(650)), "1s to 650s")
            } ?? .seconds(75)
        maximumCountPerClient =
            try environment.optional("POSTERN_CLIENT_CONNECTIONS", example: "512") { (text) throws(ParseError) in
                try parseNumber(text, in: 1...4096, "must be a number from 1 to 4096")
            } ?? 512
    }
}
