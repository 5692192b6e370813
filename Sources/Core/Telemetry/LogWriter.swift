import Logging
import NIOConcurrencyHelpers
import NIOPosix
import Platform

/// Writes the lines of a log to a file descriptor, on a thread of its own, so that a process never waits for whoever
/// reads its log.
///
/// Lines wait in a queue of limited size. A line that finds no room there, or cannot be written, is dropped. As soon as
/// lines can be written again, one of them says how many were dropped.
package final class LogWriter: Sendable {
    private enum Phase {
        /// All lines are written.
        case quiet
        /// Lines wait or are being written.
        case busy
    }

    /// The longest run of lines in one call of `write`, in bytes. A pipe does not mix such a run with the lines of other
    /// processes (`PIPE_BUF`, pipe(7)).
    private static let maximumRunByteCount = 4096

    /// The time in which further lines are gathered before they are written, in microseconds. To wake the thread for each
    /// line would cost a busy process more than the line.
    private static let gatheringTime: useconds_t = 2000

    private let descriptor: CInt
    private let capacity: Int
    private let droppedLines: Counter
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private let lock = ConditionLock(value: Phase.quiet)
    nonisolated(unsafe) private var waiting: [UInt8] = []  // Used only while `lock` is held.
    nonisolated(unsafe) private var isStarted = false  // Used only while `lock` is held.
    /// The lines that were dropped because they found no room since the thread last looked.
    nonisolated(unsafe) private var refusedCount = 0  // Used only while `lock` is held.

    /// - Parameters:
    ///   - descriptor: where to write; by default standard error.
    ///   - capacity: the maximum size of the lines that wait, in bytes.
    ///   - droppedLines: counts the lines that are dropped.
    package init(descriptor: CInt = STDERR_FILENO, capacity: Int = 1 << 20, droppedLines: Counter) {
        self.descriptor = descriptor
        self.capacity = capacity
        self.droppedLines = droppedLines
    }

    /// Creates the writer of a process' log, which goes to standard error.
    /// - Parameter registry: gets the metric of the lines that are dropped.
    package convenience init(_ registry: MetricsRegistry) {
        self.init(
            droppedLines: registry.counter(
                "postern_log_lines_dropped_total", help: "Lines that could not be written to standard error in time."))
    }

    /// Adds a line, which ends with a line feed, to those that wait. Never blocks.
    package func write(_ line: [UInt8]) {
        lock.lock()
        guard waiting.count + line.count <= capacity else {
            refusedCount += 1
            lock.unlock()
            // Here, since the thread may be waiting for the reader.
            droppedLines.increment()
            return
        }
        waiting += line
        if !isStarted {
            isStarted = true
            thread.start()
            thread.submit { _ in self.work() }
        }
        lock.unlock(withValue: .busy)
    }

    /// Waits until all lines are written, but no longer than a limit: the process may be about to end.
    package func flush(within limit: Duration = .seconds(1)) {
        if lock.lock(whenValue: .quiet, timeoutSeconds: limit / .seconds(1)) { lock.unlock() }
    }

    // MARK: - The thread

    /// Writes lines as they come, without end.
    private func work() -> Never {
        var dropped = 0
        var lines: [UInt8] = []
        while true {
            lock.lock(whenValue: .busy)
            lock.unlock()
            usleep(LogWriter.gatheringTime)
            lock.lock()
            swap(&lines, &waiting)
            let refused = refusedCount
            refusedCount = 0
            lock.unlock()
            let failed = write(runsOf: lines)
            droppedLines.increment(by: failed)
            dropped += refused + failed
            // If nothing could be written, neither can the report. It waits for the next lines.
            let hasWritten = failed == 0 && !lines.isEmpty
            lines.removeAll(keepingCapacity: lines.capacity <= 16 * LogWriter.maximumRunByteCount)
            if hasWritten, dropped > 0, write(LogWriter.report(dropped)[...]) { dropped = 0 }
            lock.lock()
            lock.unlock(withValue: waiting.isEmpty ? .quiet : .busy)
        }
    }

    /// Writes lines in runs of whole lines.
    /// - Returns: the number of lines that could not be written.
    private func write(runsOf lines: [UInt8]) -> Int {
        var failed = 0
        var rest = lines[...]
        while !rest.isEmpty {
            let lineFeed = UInt8(ascii: "\n")
            let fitting = rest.prefix(LogWriter.maximumRunByteCount).lastIndex(of: lineFeed)
            let end = fitting ?? rest.firstIndex(of: lineFeed) ?? rest.index(before: rest.endIndex)
            let run = rest[...end]
            if !write(run) { failed += run.count { $0 == lineFeed } }
            rest = rest[(end + 1)...]
        }
        return failed
    }

    /// Writes bytes; waits if the descriptor takes no more for now.
    /// - Returns: whether all of them were written.
    private func write(_ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&entry, 1, -1)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }

    private static func report(_ count: Int) -> [UInt8] {
        JSONLogHandler.line(.warning, "log_lines_dropped", error: nil, ["count": "\(count)"])
    }
}

/// The system's `write`, which ``LogWriter``'s functions hide in that type.
private func systemWrite(_ descriptor: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
