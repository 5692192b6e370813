public import Logging
public import RedisClient
public import Secrets
import SignIn

/// The settings that every part of a deployment has.
public struct SharedSettings: Sendable {
    /// `REDIS_URL`: required.
    public let redis: RedisURL
    /// `SSL_CERT_FILE`: a PEM file of certificate authorities instead of the system's; OpenSSL's own variable.
    public let certificateAuthorities: String?
    /// `POSTERN_REDIS_TIMEOUT`: a command's deadline, 10ms to 30s. Default: 1s.
    public let redisTimeout: Duration
    /// `POSTERN_SECRET_KEYS`: required; the first seals, all open.
    public let secretKeys: [KeyRing.Entry]
    /// `POSTERN_KEY_PREFIX`: 1 to 64 visible ASCII characters. Default: `postern:`.
    public let keyPrefix: String
    /// `POSTERN_LOG_LEVEL`: trace, debug, info, notice, warning, error or critical. Default: info.
    public let logLevel: Logger.Level

    /// Reads all of them.
    /// - Throws: ``SettingError`` for the first that is missing or wrong.
    public init(_ environment: Environment) throws(SettingError) {
        redis = try environment.required("REDIS_URL", example: "redis://127.0.0.1:6379") { (text) throws(Invalid) in
            try Invalid.wrapping { () throws(RedisURL.Invalid) in try RedisURL(parsing: text) }
        }
        certificateAuthorities = try environment.optional(
            "SSL_CERT_FILE", example: "/etc/ssl/certs/ca-certificates.crt"
        ) { (text) throws(Invalid) in text }
        redisTimeout =
            try environment.optional("POSTERN_REDIS_TIMEOUT", example: "1s") { (text) throws(Invalid) in
                try duration(text, in: .milliseconds(10)...(.seconds(30)), "10ms to 30s")
            } ?? .seconds(1)
        secretKeys = try environment.required(
            "POSTERN_SECRET_KEYS", example: "k1:$(openssl rand -base64 32)", SharedSettings.keys)
        keyPrefix =
            try environment.optional("POSTERN_KEY_PREFIX", example: "postern:") { (text) throws(Invalid) in
                guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                    throw Invalid("must be 1 to 64 visible ASCII characters")
                }
                return text
            } ?? "postern:"
        logLevel =
            try environment.optional("POSTERN_LOG_LEVEL", example: "info") { (text) throws(Invalid) in
                guard let level = Logger.Level(rawValue: text) else {
                    throw Invalid("must be one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")
                }
                return level
            } ?? .info
    }

    private static func keys(_ text: String) throws(Invalid) -> [KeyRing.Entry] {
        var entries: [KeyRing.Entry] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard pieces.count == 2, (1...16).contains(pieces[0].utf8.count),
                pieces[0].utf8.allSatisfy({ isNameByte($0) }),
                let key = Secret(base64: String(pieces[1])), key.count == SealingKey.keyByteCount
            else {
                throw Invalid(
                    "must be keys parted by commas, each ID:KEY with an id of 1 to 16 letters, digits, - or _ and the base64 "
                        + "of 32 bytes")
            }
            guard !entries.contains(where: { $0.id == pieces[0] }) else {
                throw Invalid("must not give two keys the same id")
            }
            entries.append(KeyRing.Entry(id: String(pieces[0]), key: key))
        }
        return entries
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

/// Reads a duration within bounds; `bounds` says them in words.
func duration(_ text: String, in range: ClosedRange<Duration>, _ bounds: String) throws(Invalid) -> Duration {
    guard let duration = Duration(parsing: text), range.contains(duration) else {
        throw Invalid("must be a duration from \(bounds), a whole number of ms, s, m, h or d")
    }
    return duration
}
