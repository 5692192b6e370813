import Foundation
import Testing
import TestSupport

/// Standard errors that do not take a log.
enum BrokenLog: String, Sendable, CaseIterable {
    case unreadPipe = "mkfifo \"$0/log\"; exec 3<>\"$0/log\"; exec \"$@\" 2>&3"
    case closed = "exec \"$@\" 2>&-"
    case fullDisk = "exec \"$@\" 2>/dev/full"
    case limitedFile = "ulimit -f 1; exec \"$@\" 2>\"$0/log\""

    /// The program and arguments in front of those of a program that is to have such a standard error.
    func launcher(_ folder: Folder) -> [String] { ["bash", "-c", rawValue, folder.path] }
}

@Suite
struct LogFaultTests {
    @Test(
        "a handler whose log is not taken answers, counts the lines, and ends at SIGTERM", arguments: BrokenLog.allCases
    )
    func handler(_ log: BrokenLog) async throws {
        let redis = try await RedisServer()
        let folder = try Folder()
        let metricsPort = try freePort()
        let handler = try await Handler(
            redis: redis.address,
            [
                "POSTERN_LOG_LEVEL": "trace", "POSTERN_METRICS": "\(metricsPort)", "POSTERN_IP_LIMIT": "off",
                "POSTERN_RECIPIENT_LIMIT": "off",
            ],
            launcher: log.launcher(folder))
        #expect(try handler.flood(requests: 20_000) == 0)
        #expect(try handler.signIn().status == 200)
        // A closed standard error is like /dev/null.
        if log != .closed {
            let metrics = try RawHTTP(port: metricsPort)
            try metrics.send("GET /metrics HTTP/1.1\r\nHost: postern\r\n\r\n")
            let text = String(decoding: try metrics.readResponse().body, as: UTF8.self)
            let counter = text.split(separator: "\n").first { $0.hasPrefix("postern_log_lines_dropped_total ") }
            let count = try #require(counter.flatMap { Int($0.split(separator: " ")[1]) })
            #expect(log == .unreadPipe || count > 0)
        }
        handler.process.signal(SIGTERM)
        #expect(try await handler.process.waitForExit(within: .seconds(15)) == 0)
    }

    @Test("a worker whose log is not taken delivers, and ends at SIGTERM", arguments: BrokenLog.allCases)
    func worker(_ log: BrokenLog) async throws {
        let queue = try await Queue()
        let server = try await ScriptedSMTPServer()
        let folder = try Folder()
        #expect(try queue.handler.flood(requests: 1000) == 0)
        let worker = try Worker.start(
            redis: queue.redis.address, mail: "smtp://localhost:\(server.port)", ["POSTERN_LOG_LEVEL": "trace"],
            launcher: log.launcher(folder))
        try await queue.becomes([0, 0, 0], within: .seconds(60))
        #expect(server.messages.count == 1000)
        worker.signal(SIGTERM)
        #expect(try await worker.waitForExit() == 0)
    }
}
