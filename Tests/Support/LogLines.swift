import Logging

/// Collects log events, one line each: the level, the message, and the metadata sorted by name.
package final class LogLines: Sendable {
    private let lines = Mutexed<[String]>([])

    package init() {}

    /// All lines.
    package var all: [String] { lines.value }

    /// The lines with the given message.
    package func lines(of message: String) -> [String] {
        lines.value.filter { $0.split(separator: " ").dropFirst().first == message[...] }
    }

    /// A logger whose events are collected, of every level.
    package var logger: Logger {
        let lines = lines
        return Logger(label: "test") { _ in Handler(lines: lines) }
    }

    private struct Handler: LogHandler {
        let lines: Mutexed<[String]>
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        init(lines: Mutexed<[String]>) {
            self.lines = lines
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let words = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            let line = (["\(event.level)", "\(event.message)"] + words).joined(separator: " ")
            lines.update { $0.append(line) }
        }
    }
}
