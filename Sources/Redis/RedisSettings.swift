import Bytes
import Logging
import NIOCore
import Platform
import Settings

/// Where Redis is, and how it is spoken to.
package struct RedisSettings: Sendable {
    /// `REDIS_URL`: required.
    package let url: RedisURL
    /// `SSL_CERT_FILE`: a PEM file of certificate authorities instead of the system's; OpenSSL's own variable.
    package let certificateAuthorities: String?
    /// `POSTERN_REDIS_TIMEOUT`: a command's deadline, 10ms to 30s. Default: 1s.
    package let timeout: Duration
    /// `POSTERN_KEY_PREFIX`: 1 to 64 visible ASCII characters. Default: `postern:`.
    package let keyPrefix: String

    /// Reads all of them.
    /// - Throws: ``SettingError`` for the first that is missing or wrong.
    package init(_ environment: Environment) throws(SettingError) {
        url = try environment.required("REDIS_URL", example: "redis://127.0.0.1:6379", RedisURL.init(parsing:))
        certificateAuthorities = try environment.certificateAuthorities()
        timeout =
            try environment.optional("POSTERN_REDIS_TIMEOUT", example: "1s") { (text) throws(ParseError) in
                try duration(text, in: .milliseconds(10)...(.seconds(30)), "10ms to 30s")
            } ?? .seconds(1)
        keyPrefix =
            try environment.optional("POSTERN_KEY_PREFIX", example: "postern:") { (text) throws(ParseError) in
                guard (1...64).contains(text.utf8.count), text.isVisibleASCII else {
                    throw ParseError("must be 1 to 64 visible ASCII characters")
                }
                return text
            } ?? "postern:"
    }

    /// A client that is not connected yet. Must be called on the event loop.
    /// - Parameters:
    ///   - name: the name that `CLIENT LIST` shows.
    ///   - scripts: what the server is to know.
    /// - Throws: ``SettingError`` where the file of authorities cannot be used, which is the one way to fail.
    package func client(
        named name: String, scripts: [Script] = [], on eventLoop: any EventLoop, logger: Logger
    ) throws(SettingError) -> RedisClient {
        let configuration = RedisConfiguration(
            url: url, timeout: TimeAmount(timeout), clientName: name, certificateAuthorities: certificateAuthorities,
            scripts: scripts)
        do {
            return try RedisClient(configuration: configuration, eventLoop: eventLoop, logger: logger)
        } catch {
            throw SettingError(
                name: "SSL_CERT_FILE", rule: "must be a readable PEM file of certificates",
                example: "/etc/ssl/certs/ca-certificates.crt")
        }
    }
}
