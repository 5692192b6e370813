import Logging
import Synchronization

/// Bounds the log lines that clients can cause. Of those about one subject, one is written in a period. At the end of the
/// period, another one says how many were omitted.
///
/// Periods are the same for all subjects: one begins with the first line after the last one ended. What was omitted is
/// written when the next request is answered after the period, such as a health check.
package final class BoundedLines: Sendable {
    /// The subject of lines. Two lines with the same one say the same.
    private struct Subject: Hashable {
        let event: String
        /// The part that distinguishes events of that name, such as a limit.
        let detail: String
        let network: String
    }

    private struct Line {
        let level: Logger.Level
        let metadata: Logger.Metadata
        var omittedCount = 0
    }

    private struct Period {
        let end: ContinuousClock.Instant
        var lines: [Subject: Line] = [:]
        /// The number of lines about subjects beyond the maximum.
        var overflowCount = 0
    }

    /// The length of a period.
    static let periodLength = Duration.seconds(60)
    /// The number of subjects in a period. Lines about further ones are only counted.
    static let maximumSubjectCount = 1024

    private let logger: Logger
    private let period = Mutex<Period?>(nil)
    private let now: @Sendable () -> ContinuousClock.Instant

    /// - Parameter logger: where the numbers of omitted lines are written.
    package init(_ logger: Logger, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.logger = logger
        self.now = now
    }

    /// Writes a line, or counts it.
    /// - Parameters:
    ///   - event: the event's name.
    ///   - detail: what distinguishes events of that name, such as a limit; empty if nothing does.
    ///   - network: the network of the client; empty if the event is about no client.
    ///   - logger: where the line is written.
    ///   - metadata: what all lines about the subject have in common.
    ///   - own: what only this line has, such as the id of its request.
    package func log(
        level: Logger.Level, _ event: String, about detail: String = "", in network: String = "", to logger: Logger,
        _ metadata: Logger.Metadata = [:], own: Logger.Metadata = [:]
    ) {
        guard logger.logLevel <= level else { return }
        finish()
        let isFirst = period.withLock { period in
            var current = period ?? Period(end: now() + BoundedLines.periodLength)
            // Moved out, so that changing it copies nothing.
            period = nil
            defer { period = current }
            let subject = Subject(event: event, detail: detail, network: network)
            guard current.lines[subject] == nil else {
                current.lines[subject]?.omittedCount += 1
                return false
            }
            guard current.lines.count < BoundedLines.maximumSubjectCount else {
                current.overflowCount += 1
                return false
            }
            current.lines[subject] = Line(level: level, metadata: metadata)
            return true
        }
        if isFirst { logger.log(level: level, "\(event)", metadata: metadata.merging(own) { $1 }) }
    }

    /// Writes what was omitted, if the period is over.
    package func finish() {
        let ended: Period? = period.withLock { period in
            guard let current = period, current.end <= now() else { return nil }
            period = nil
            return current
        }
        guard let ended else { return }
        for (subject, line) in ended.lines where line.omittedCount > 0 {
            var metadata = line.metadata
            metadata["omitted"] = "\(line.omittedCount)"
            logger.log(level: line.level, "\(subject.event)", metadata: metadata)
        }
        if ended.overflowCount > 0 {
            logger.notice("lines_omitted", metadata: ["omitted": "\(ended.overflowCount)"])
        }
    }
}
