import Bytes
import Cryptography
import Logging
import Platform

/// The settings that all programs of a deployment have.
package struct SharedSettings: Sendable {
    /// `POSTERN_SECRET_KEYS`: required; comma-separated `ID:KEY` pairs. The first key seals, and all of them open.
    package let secretKeys: [KeyRing.Entry]
    /// `POSTERN_LOG_LEVEL`: trace, debug, info, notice, warning, error or critical. Default: info.
    package let logLevel: Logger.Level
    /// `POSTERN_METRICS`: the port of the loopback interface on which `/metrics` is served, 0 to 65535; 0 selects a
    /// free port. Default: `/metrics` is not served.
    package let metricsPort: Int?

    /// Reads the settings.
    /// - Throws: ``SettingError`` for the first setting that is missing or invalid.
    package init(_ environment: Environment) throws(SettingError) {
        secretKeys = try environment.required(
            "POSTERN_SECRET_KEYS", example: "k1:$(openssl rand -base64 32)", parseKeys)
        logLevel =
            try environment.optional("POSTERN_LOG_LEVEL", example: "info") { (text) throws(ParseError) in
                guard let level = Logger.Level(rawValue: text) else {
                    throw ParseError("must be one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")
                }
                return level
            } ?? .info
        metricsPort = try environment.optional("POSTERN_METRICS", example: "9464", parsePort)
    }
}
