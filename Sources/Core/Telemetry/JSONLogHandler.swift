import Bytes
import Logging
import Platform

/// Writes each log event as one line of JSON: `time` (RFC 3339), `level`, `message`, and the metadata as members of
/// their own.
package struct JSONLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    private let write: @Sendable ([UInt8]) -> Void

    /// Members that metadata does not replace.
    private static let ownMembers: Set<String> = ["time", "level", "message", "error"]

    /// - Parameter write: takes a whole line; standard error where it is left out.
    package init(level: Logger.Level, write: @escaping @Sendable ([UInt8]) -> Void = StandardError.write) {
        logLevel = level
        self.write = write
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var json = JSONWriter(capacity: 256)
        json.member("time", CivilTime(.now()).rfc3339)
        json.member("level", event.level.rawValue)
        json.member("message", event.message.description)
        if let error = event.error { json.member("error", String(describing: error)) }
        let merged = metadata.merging(event.metadata ?? [:]) { _, own in own }
        for (key, value) in merged.sorted(by: { $0.key < $1.key }) where !JSONLogHandler.ownMembers.contains(key) {
            json.member(key, value.description)
        }
        var line = json.finish()
        line.append(UInt8(ascii: "\n"))
        write(line)
    }
}
