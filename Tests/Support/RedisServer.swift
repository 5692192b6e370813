import Foundation
import Redis

/// A private redis-server on a port of its own, which ends with the test.
package final class RedisServer: Sendable {
    package let port: Int
    private let arguments: [String]
    private let state: Folder
    private let process: Mutexed<ChildProcess>

    /// Starts a server; it answers when this returns.
    /// - Parameter arguments: options of redis-server.
    package init(arguments: [String] = []) async throws {
        port = try freePort()
        self.arguments = arguments
        state = try Folder()
        process = Mutexed(try RedisServer.start(port, state, arguments))
        try await waitUntilItAnswers()
    }

    deinit { process.value.kill() }

    package var url: RedisURL {
        // Of the right form by the letter.
        try! RedisURL(parsing: "redis://127.0.0.1:\(port)")
    }

    /// The URL as text.
    package var address: String { "redis://127.0.0.1:\(port)" }

    private static func start(_ port: Int, _ state: Folder, _ arguments: [String]) throws -> ChildProcess {
        try ChildProcess(
            "redis-server",
            ["--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--dir", state.path] + arguments)
    }

    private func waitUntilItAnswers() async throws {
        try await eventually(within: .seconds(20), "redis-server to answer") {
            // Any answer will do: one that wants a password has started too.
            (try? self.command("PING"))?.isEmpty == false
        }
    }

    /// Sends a command by redis-cli, and gives its output without the blanks around it.
    @discardableResult
    package func command(_ words: String...) throws -> String {
        let output = try ChildProcess.output("redis-cli", ["-h", "127.0.0.1", "-p", "\(port)"] + words)
        return String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// How often a command was called, by `INFO commandstats`.
    package func callCount(of command: String) throws -> Int {
        let line = try self.command("INFO", "commandstats").split(whereSeparator: \.isNewline).first {
            $0.hasPrefix("cmdstat_\(command.lowercased()):")
        }
        // cmdstat_get:calls=3,usec=…
        guard let line, let calls = line.split(separator: "=", maxSplits: 1).last else { return 0 }
        return Int(calls.prefix(while: \.isNumber)) ?? 0
    }

    /// Stops the server's process without ending it: connections stay, and nothing is answered.
    package func freeze() { process.value.signal(SIGSTOP) }

    /// Lets a frozen server go on.
    package func thaw() { process.value.signal(SIGCONT) }

    /// Ends the server at once.
    package func stop() { process.value.kill() }

    /// Starts it again at the same port.
    package func start() async throws {
        process.value = try RedisServer.start(port, state, arguments)
        try await waitUntilItAnswers()
    }
}

/// A temporary folder, removed with its owner.
package final class Folder: Sendable {
    package let path: String

    package init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("postern-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
