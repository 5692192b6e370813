import Bytes
import Logging
import NIOCore
import Platform
import Settings

/// The settings of the connections to Redis.
package struct RedisSettings: Sendable {
    /// `REDIS_URL`: the address of Redis, and the credentials for it; required.
    package let url: RedisURL
    /// `SSL_CERT_FILE`: a PEM file of certificate authorities to trust instead of the system's. The variable is
    /// OpenSSL's own.
    package let certificateAuthorities: String?
    /// `POSTERN_REDIS_TIMEOUT`: the timeout of a command, 10ms to 30s. Default: 1s.
    package let timeout: Duration
    /// `POSTERN_KEY_PREFIX`: the start of every key in Redis, 1 to 64 visible ASCII characters. Default: `postern:`.
    package let keyPrefix: String

    /// Reads the settings.
    /// - Throws: ``SettingError`` for the first setting that is missing or invalid.
    package init(_ environment: Environment) throws(SettingError) {
        url = try environment.required("REDIS_URL", example: "redis://127.0.0.1:6379", RedisURL.init(parsing:))
        certificateAuthorities = try environment.certificateAuthorities()
        timeout =
            try environment.optional("POSTERN_REDIS_TIMEOUT", example: "1s") { (text) throws(ParseError) in
                try parseDuration(text, in: .milliseconds(10)...(.seconds(30)), "10ms to 30s")
            } ?? .seconds(1)
        keyPrefix =
            try environment.optional("POSTERN_KEY_PREFIX", example: "postern:") { (text) throws(ParseError) in
                guard (1...64).contains(text.utf8.count), text.isVisibleASCII else {
                    throw ParseError("must be 1 to 64 visible ASCII characters")
                }
                return text
            } ?? "postern:"
    }

    /// Returns a client that is not connected yet. Must be called on the event loop.
    /// - Parameters:
    ///   - name: the client's name in `CLIENT LIST`.
    ///   - scripts: the scripts that a new connection loads into its server if they are missing.
    ///   - onFailure: called with the error of each command that failed.
    /// - Throws: ``SettingError`` if the file of certificate authorities cannot be used, which is the only way to fail.
    package func client(
        named name: String, scripts: [ScriptSource] = [], on eventLoop: any EventLoop, logger: Logger,
        onFailure: (@Sendable (RedisError) -> Void)? = nil
    ) throws(SettingError) -> RedisClient {
        var configuration = RedisConfiguration(
            url: url, timeout: TimeAmount(timeout), clientName: name, certificateAuthorities: certificateAuthorities,
            scripts: scripts)
        configuration.onFailure = onFailure
        do {
            return try RedisClient(configuration: configuration, eventLoop: eventLoop, logger: logger)
        } catch {
            throw SettingError(
                name: "SSL_CERT_FILE", rule: "must be a readable PEM file of certificates",
                example: "/etc/ssl/certs/ca-certificates.crt")
        }
    }
}
