import Bytes
import Logging
import Cryptography
import Platform

/// The settings that every part of a deployment has.
package struct SharedSettings: Sendable {
    /// `POSTERN_SECRET_KEYS`: required; the first seals, all open.
    package let secretKeys: [KeyRing.Entry]
    /// `POSTERN_LOG_LEVEL`: trace, debug, info, notice, warning, error or critical. Default: info.
    package let logLevel: Logger.Level
    /// `POSTERN_METRICS`: the port of the loopback interface at which `/metrics` is served; 0 takes a free one.
    /// Default: none.
    package let metricsPort: Int?

    /// Reads all of them.
    /// - Throws: ``SettingError`` for the first that is missing or wrong.
    package init(_ environment: Environment) throws(SettingError) {
        secretKeys = try environment.required(
            "POSTERN_SECRET_KEYS", example: "k1:$(openssl rand -base64 32)", keys)
        logLevel =
            try environment.optional("POSTERN_LOG_LEVEL", example: "info") { (text) throws(ParseError) in
                guard let level = Logger.Level(rawValue: text) else {
                    throw ParseError("must be one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")
                }
                return level
            } ?? .info
        metricsPort = try environment.optional("POSTERN_METRICS", example: "9464", port)
    }
}
