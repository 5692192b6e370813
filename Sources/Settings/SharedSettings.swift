public import Logging
public import Secrets
import SignIn

/// The settings that every part of a deployment has.
public struct SharedSettings: Sendable {
    public let redis: RedisSettings
    /// `POSTERN_SECRET_KEYS`: required; the first seals, all open.
    public let secretKeys: [KeyRing.Entry]
    /// `POSTERN_LOG_LEVEL`: trace, debug, info, notice, warning, error or critical. Default: info.
    public let logLevel: Logger.Level
    /// `POSTERN_METRICS`: the port of the loopback interface at which `/metrics` is served; 0 takes a free one.
    /// Default: none.
    public let metricsPort: Int?

    /// Reads all of them.
    /// - Throws: ``SettingError`` for the first that is missing or wrong.
    public init(_ environment: Environment) throws(SettingError) {
        redis = try RedisSettings(environment)
        secretKeys = try environment.required(
            "POSTERN_SECRET_KEYS", example: "k1:$(openssl rand -base64 32)", keys)
        logLevel =
            try environment.optional("POSTERN_LOG_LEVEL", example: "info") { (text) throws(Invalid) in
                guard let level = Logger.Level(rawValue: text) else {
                    throw Invalid("must be one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")
                }
                return level
            } ?? .info
        metricsPort = try environment.optional("POSTERN_METRICS", example: "9464", port)
    }
}

/// Reads named keys of 32 bytes.
func keys(_ text: String) throws(Invalid) -> [KeyRing.Entry] {
    var entries: [KeyRing.Entry] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
        let pieces = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard pieces.count == 2, KeyRing.Entry.isName(pieces[0]),
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

/// Reads the number of a port.
func port(_ text: String) throws(Invalid) -> Int {
    try wholeNumber(text, in: 0...65_535, "must be a port from 0 to 65535")
}

/// Reads a number of digits alone, within bounds; `rule` says so in words.
package func wholeNumber(_ text: String, in range: ClosedRange<Int>, _ rule: String) throws(Invalid) -> Int {
    // Swift reads a sign, too.
    guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int(text),
        range.contains(number)
    else { throw Invalid(rule) }
    return number
}

/// Reads a duration within bounds; `bounds` says them in words.
package func duration(_ text: String, in range: ClosedRange<Duration>, _ bounds: String) throws(Invalid) -> Duration {
    guard let duration = Duration(parsing: text), range.contains(duration) else {
        throw Invalid("must be a duration from \(bounds), a whole number of ms, s, m, h or d")
    }
    return duration
}
