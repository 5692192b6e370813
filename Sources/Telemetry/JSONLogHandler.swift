import JSON
public import Logging
import SignIn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Writes each log event as one line of JSON: `time` (RFC 3339), `level`, `message`, and the metadata as members of
/// their own.
public struct JSONLogHandler: LogHandler {
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    private let write: @Sendable ([UInt8]) -> Void

    /// Members that metadata does not replace.
    private static let ownMembers: Set<String> = ["time", "level", "message", "error"]

    /// - Parameter write: takes a whole line; standard error where it is left out.
    public init(level: Logger.Level, write: @escaping @Sendable ([UInt8]) -> Void = JSONLogHandler.writeToStandardError)
    {
        logLevel = level
        self.write = write
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
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

    /// Writes a line in one call, so that lines of several threads do not mix. A line that cannot be written is
    /// dropped: there is nobody left to tell.
    public static let writeToStandardError: @Sendable ([UInt8]) -> Void = { line in
        _ = line.withUnsafeBytes { posixWrite(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

/// The system's `write`, which a member of the same name hides.
private func posixWrite(_ descriptor: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
