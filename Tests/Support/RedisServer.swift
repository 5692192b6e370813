import Foundation
import Redis

/// A private redis-server on a free port. It is killed when this object is released.
package final class RedisServer: Sendable {
    package let port: Int
    private let arguments: [String]
    private let state: Folder
    private let process: Mutexed<ChildProcess>

    /// Starts a server, and waits until it answers.
    /// - Parameter arguments: further options of redis-server.
    package init(arguments: [String] = []) async throws {
        port = try freePort()
        self.arguments = arguments
        state = try Folder()
        process = Mutexed(try RedisServer.start(port, state, arguments))
        try await waitUntilItAnswers()
    }

    deinit { process.value.kill() }

    package var url: RedisURL {
        // Cannot fail: the URL is valid.
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
            // Any answer will do: a server that requires a password has started, too.
            (try? self.command("PING"))?.isEmpty == false
        }
    }

    /// Sends a command with redis-cli, and returns its output without surrounding white space.
    @discardableResult
    package func command(_ words: String...) throws -> String { try command(words: words) }

    /// Sends a command with redis-cli, and returns its output without surrounding white space.
    @discardableResult
    package func command(words: [String]) throws -> String {
        let output = try ChildProcess.output("redis-cli", ["-h", "127.0.0.1", "-p", "\(port)"] + words)
        return String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// The number of calls of a command, from `INFO commandstats`.
    package func callCount(of command: String) throws -> Int {
        let line = try self.command("INFO", "commandstats").split(whereSeparator: \.isNewline).first {
            $0.hasPrefix("cmdstat_\(command.lowercased()):")
        }
        // cmdstat_get:calls=3,usec=…
        guard let line, let calls = line.split(separator: "=", maxSplits: 1).last else { return 0 }
        return Int(calls.prefix(while: \.isNumber)) ?? 0
    }

    /// Suspends the server's process. Connections stay open, but nothing is answered.
    package func freeze() { process.value.signal(SIGSTOP) }

    /// Resumes a frozen server.
    package func thaw() { process.value.signal(SIGCONT) }

    /// Kills the server.
    package func stop() { process.value.kill() }

    /// Starts the server again on the same port, and waits until it answers.
    package func start() async throws {
        process.value = try RedisServer.start(port, state, arguments)
        try await waitUntilItAnswers()
    }
}

/// A temporary folder, which is removed when this object is released.
package final class Folder: Sendable {
    package let path: String

    package init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("postern-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
