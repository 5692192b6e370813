import Foundation
import Logging
import Synchronization
import Telemetry
import Testing

@Suite
struct JSONLogHandlerTests {
    private let lines = Lines()

    /// A logger that writes into ``lines``.
    private func logger(_ level: Logger.Level = .trace) -> Logger {
        let lines = self.lines
        return Logger(label: "test", factory: { _ in JSONLogHandler(level: level, write: { lines.append($0) }) })
    }

    /// The one line that was written, as JSON.
    private func line() throws -> [String: Any] {
        #expect(lines.all.count == 1)
        let bytes = try #require(lines.all.first)
        let value = try JSONSerialization.jsonObject(with: Data(bytes))
        return try #require(value as? [String: Any])
    }

    @Test("an event is one object on one line, with its time, level and message")
    func event() throws {
        logger().notice("listening")
        let bytes = try #require(lines.all.first)
        #expect(bytes.last == UInt8(ascii: "\n"))
        #expect(bytes.count(where: { $0 == UInt8(ascii: "\n") }) == 1)
        let line = try line()
        #expect(Set(line.keys) == ["time", "level", "message"])
        #expect(line["level"] as? String == "notice")
        #expect(line["message"] as? String == "listening")
    }

    @Test("the time is in the form of RFC 3339, in UTC, with milliseconds")
    func time() throws {
        logger().info("now")
        let line = try line()
        let time = try #require(line["time"] as? String)
        #expect(
            time.wholeMatch(of: /[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z/) != nil, "\(time)")
    }

    @Test("each event has a line of its own, in the order of the events")
    func several() {
        let logger = logger()
        for number in 0..<100 { logger.info("\(number)") }
        let texts = lines.all.map { String(decoding: $0, as: UTF8.self) }
        #expect(texts.count == 100)
        for (number, text) in texts.enumerated() { #expect(text.contains("\"\(number)\"")) }
    }

    @Test(
        "no logged text can break out of its line or its string",
        arguments: [
            "", "\"", "\\", "a\nb", "a\r\nb", "\0", "\u{1B}[31m", "\u{7F}", "\",\"level\":\"critical",
            "}\n{\"level\":\"critical\"}", "\u{2028}",
            "é€😀", "\\u0041", String(repeating: "\n\"", count: 1000),
        ])
    func escapes(text: String) throws {
        logger().info("\(text)", metadata: ["value": "\(text)", "name\(text)": "x"])
        let bytes = try #require(lines.all.first)
        #expect(bytes.dropLast().allSatisfy { $0 >= 0x20 && $0 != 0x7F })
        let line = try line()
        #expect(line["message"] as? String == text)
        #expect(line["value"] as? String == text)
        #expect(line["name\(text)"] as? String == "x")
        #expect(line["level"] as? String == "info")
        #expect(line.count == 5)
    }

    @Test("metadata are members of their own, and an event's override the logger's")
    func metadata() throws {
        var logger = logger()
        logger[metadataKey: "request"] = "r1"
        logger[metadataKey: "part"] = "routes"
        logger[metadataKey: "gone"] = "x"
        logger[metadataKey: "gone"] = nil
        logger.warning("slow", metadata: ["part": "store", "took": .stringConvertible(12)])
        let line = try line()
        #expect(Set(line.keys) == ["time", "level", "message", "request", "part", "took"])
        #expect(line["request"] as? String == "r1")
        #expect(line["part"] as? String == "store")
        #expect(line["took"] as? String == "12")
    }

    @Test("a logger's metadata can be read back, and a copy of the logger has its own")
    func ownMetadata() {
        var first = logger()
        first[metadataKey: "a"] = "1"
        var second = first
        second[metadataKey: "a"] = "2"
        #expect(first[metadataKey: "a"] == "1")
        #expect(second[metadataKey: "a"] == "2")
        #expect(first[metadataKey: "b"] == nil)
    }

    @Test("events below the level are not written, and the others are", arguments: Logger.Level.allCases)
    func level(level: Logger.Level) {
        let logger = logger(level)
        for other in Logger.Level.allCases { logger.log(level: other, "\(other.rawValue)") }
        let expected: [Logger.Level: Int] = [
            .trace: 7, .debug: 6, .info: 5, .notice: 4, .warning: 3, .error: 2, .critical: 1,
        ]
        #expect(lines.all.count == expected[level])
        #expect(logger.logLevel == level)
    }

    @Test("a changed level applies to later events")
    func changedLevel() throws {
        var logger = logger(.error)
        logger.info("not written")
        logger.logLevel = .debug
        logger.debug("written")
        logger.trace("not written")
        let line = try line()
        #expect(line["message"] as? String == "written")
    }

    @Test("lines of several tasks do not mix")
    func concurrency() async throws {
        let logger = logger()
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for number in 0..<50 { logger.info("message", metadata: ["n": "\(task * 50 + number)"]) }
                }
            }
        }
        var numbers: Set<String> = []
        for bytes in lines.all {
            let value = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
            if let number = value?["n"] as? String { numbers.insert(number) }
        }
        #expect(numbers.count == 400)
        #expect(lines.all.count == 400)
    }
}

/// The lines that were written.
private final class Lines: Sendable {
    private let storage = Mutex<[[UInt8]]>([])

    var all: [[UInt8]] { storage.withLock { $0 } }

    func append(_ line: [UInt8]) {
        storage.withLock { $0.append(line) }
    }
}
