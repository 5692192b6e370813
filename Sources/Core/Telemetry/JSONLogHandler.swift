import Bytes
import Logging
import Platform

/// Writes each log event as one line of JSON: `time` (RFC 3339), `level`, `message`, `error` if there is one, and a
/// member for each entry of the metadata.
package struct JSONLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    private let write: @Sendable ([UInt8]) -> Void

    /// Members that metadata must not replace; entries of these names are left out.
    private static let ownMembers: Set<String> = ["time", "level", "message", "error"]

    /// - Parameters:
    ///   - level: the lowest level that is logged.
    ///   - write: writes a whole line; by default to standard error.
    package init(level: Logger.Level, write: @escaping @Sendable ([UInt8]) -> Void = StandardError.write) {
        logLevel = level
        self.write = write
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let merged = metadata.merging(event.metadata ?? [:]) { _, own in own }
        write(JSONLogHandler.line(event.level, event.message.description, error: event.error, merged))
    }

    /// Returns the line of an event.
    static func line(_ level: Logger.Level, _ message: String, error: (any Error)?, _ metadata: Logger.Metadata)
        -> [UInt8]
    {
        var json = JSONWriter(capacity: 256)
        json.member("time", CivilTime(.now()).rfc3339)
        json.member("level", level.rawValue)
        json.member("message", message)
        if let error { json.member("error", String(describing: error)) }
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) where !ownMembers.contains(key) {
            json.member(key, value.description)
        }
        var line = json.finish()
        line.append(UInt8(ascii: "\n"))
        return line
    }
}
