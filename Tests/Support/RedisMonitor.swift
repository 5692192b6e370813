import Foundation

/// The commands that a server carries out, as `MONITOR` prints them.
package final class RedisMonitor: Sendable {
    /// A call of a script, and the keys of the commands that the script sent.
    package struct ScriptCall: Sendable {
        /// The SHA-1 of the script.
        package let digest: String
        /// The keys that the caller named.
        package let keys: Set<String>
        /// The keys that the script used.
        package fileprivate(set) var usedKeys: Set<String> = []
    }

    /// A command with keys in places that this type does not know.
    package struct UnknownCommand: Error {
        let name: String
    }

    private let process: ChildProcess
    private let server: RedisServer

    /// Starts to watch a server.
    package init(_ server: RedisServer) async throws {
        self.server = server
        let process = try ChildProcess("redis-cli", ["-h", "127.0.0.1", "-p", "\(server.port)", "MONITOR"])
        self.process = process
        try await eventually("MONITOR to start") { process.log.hasPrefix("OK") }
    }

    /// The calls of scripts until now.
    /// - Throws: ``UnknownCommand``.
    package func scriptCalls() async throws -> [ScriptCall] {
        let end = "end-\(UUID().uuidString)"
        try server.command("ECHO", end)
        try await eventually("MONITOR to print all commands") { self.process.log.contains(end) }
        var calls: [ScriptCall] = []
        for line in process.log.split(separator: "\n") {
            let words = RedisMonitor.words(line)
            guard let name = words.first?.uppercased() else { continue }
            if name == "EVALSHA" || name == "EVAL", words.count > 2, let count = Int(words[2]) {
                calls.append(ScriptCall(digest: words[1].lowercased(), keys: Set(words[3..<(3 + count)])))
            } else if line.contains(" lua] ") {
                guard !calls.isEmpty else { continue }
                calls[calls.count - 1].usedKeys.formUnion(try RedisMonitor.keys(name, words))
            }
        }
        return calls
    }

    /// The words of a line: those in quotation marks, with their escapes.
    private static func words(_ line: Substring) -> [String] {
        line.matches(of: /"((?:[^"\\]|\\.)*)"/).map { String($0.1) }
    }

    /// The keys of a command.
    private static func keys(_ name: String, _ words: [String]) throws -> [String] {
        switch name {
        case "TIME": return []
        case "GET", "SET", "PTTL", "PEXPIREAT", "HGET", "HMGET", "HSET", "XADD", "XLEN", "XACK", "XDEL", "XRANGE",
            "XAUTOCLAIM", "XPENDING", "ZADD", "ZREM", "ZCARD", "ZRANGEBYSCORE", "ZREMRANGEBYSCORE":
            return [words[1]]
        case "DEL", "EXISTS", "MGET": return Array(words[1...])
        case "XINFO", "XGROUP": return [words[2]]
        case "XREADGROUP":
            // The keys, and then as many ids, follow this word.
            let rest = words.drop { $0 != "STREAMS" }.dropFirst()
            return Array(rest.prefix(rest.count / 2))
        default: throw UnknownCommand(name: name)
        }
    }
}
