import Foundation
import Telemetry
import Testing
import TestSupport

@Suite
struct LogWriterTests {
    private let pipe = Pipe()
    private let dropped = MetricsRegistry().counter("dropped_total", help: "A test's.")

    private func writer(capacity: Int = 1 << 20) -> LogWriter {
        LogWriter(descriptor: pipe.fileHandleForWriting.fileDescriptor, capacity: capacity, droppedLines: dropped)
    }

    /// Reads what the pipe holds until a text has come.
    private func read(until text: String) async throws -> String {
        try await read { $0.contains(text) }
    }

    /// Reads whole lines from the pipe until they are as wanted. To the end, since the writer's thread goes on after the
    /// test, and would write into whatever gets the descriptor's number next.
    private func read(until isWanted: @escaping @Sendable (String) -> Bool) async throws -> String {
        let handle = pipe.fileHandleForReading
        return try await onOwnThread {
            var log = ""
            while !log.hasSuffix("\n") || !isWanted(log) {
                log += String(decoding: handle.availableData, as: UTF8.self)
            }
            return log
        }
    }

    private func line(_ number: Int, length: Int = 100) -> [UInt8] {
        Array((String(number) + " ").utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: length) + [0x0A]
    }

    @Test("lines are written whole and in order, also those that are longer than one write")
    func order() async throws {
        let writer = writer()
        for number in 1...300 { writer.write(line(number, length: number == 150 ? 20_000 : 100)) }
        writer.write(Array("end\n".utf8))
        let numbers = try await read(until: "end\n").split(separator: "\n").dropLast().map {
            $0.split(separator: " ")[0]
        }
        #expect(numbers == (1...300).map { Substring(String($0)) })
        #expect(dropped.value == 0)
    }

    @Test("while nobody reads, writing goes on, lines beyond the capacity are dropped, and later lines count them")
    func nobodyReads() async throws {
        let writer = writer(capacity: 200_000)
        for number in 1...20_000 { writer.write(line(number)) }
        writer.flush(within: .milliseconds(10))
        // They are counted before anybody reads.
        #expect(dropped.value > 10_000)
        let log = try await read { log in
            LogWriterTests.numbers(in: log).count + LogWriterTests.reports(in: log).reduce(0, +) == 20_000
        }
        let numbers = LogWriterTests.numbers(in: log)
        #expect(numbers == numbers.sorted())
        #expect(LogWriterTests.reports(in: log).reduce(0, +) == dropped.value)
        // The pipe holds 64 KiB, and the writer 200,000 bytes that wait and as many that are being written.
        #expect((500...8000).contains(numbers.count))
    }

    /// The numbers of the lines of a test in a log.
    private static func numbers(in log: String) -> [Int] {
        log.split(separator: "\n").compactMap { Int($0.split(separator: " ")[0]) }
    }

    /// The counts of the lines that were dropped, each from a line of its own.
    private static func reports(in log: String) -> [Int] {
        log.split(separator: "\n").compactMap { line in
            guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                object["message"] as? String == "log_lines_dropped", object["level"] as? String == "warning"
            else { return nil }
            return (object["count"] as? String).flatMap { Int($0) }
        }
    }

    @Test("lines that cannot be written are dropped and counted, and the next one that can comes with the count")
    func failure() async throws {
        // Each write to this device fails as on a full disk.
        let descriptor = open("/dev/full", O_WRONLY)
        defer { close(descriptor) }
        let writer = LogWriter(descriptor: descriptor, droppedLines: dropped)
        for number in 1...5 { writer.write(line(number)) }
        writer.flush(within: .seconds(10))
        #expect(dropped.value == 5)
        dup2(pipe.fileHandleForWriting.fileDescriptor, descriptor)
        writer.write(line(6))
        let log = try await read(until: "log_lines_dropped")
        #expect(log.hasPrefix("6 "))
        #expect(log.contains(#""count":"5""#))
    }

    @Test("a descriptor that does not block is waited for")
    func nonblocking() async throws {
        let descriptor = pipe.fileHandleForWriting.fileDescriptor
        #expect(fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) == 0)
        let writer = writer()
        for number in 1...3000 { writer.write(line(number)) }
        writer.write(Array("end\n".utf8))
        #expect(try await read(until: "end\n").count(where: { $0 == "\n" }) == 3001)
        #expect(dropped.value == 0)
    }
}
