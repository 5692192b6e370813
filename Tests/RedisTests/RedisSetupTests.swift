import Logging
import NIOCore
import NIOPosix
import Redis
import TestSupport
import Testing

@Suite
struct RedisSetupTests {
    private func warnings(of url: RedisURL) async throws -> [String] {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let configuration = RedisConfiguration(url: url, timeout: .seconds(10), scripts: [])
        let client = try await loop.submit {
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            return try RedisClient(configuration: configuration, eventLoop: loop, logger: logger)
        }.get()
        client.start()
        defer { client.close() }
        return try await client.setupWarnings().map { "\($0.setting) \($0.value), not \($0.right)" }
    }

    @Test(
        "settings under which mail can be lost are found, one by one",
        arguments: [
            (["--appendonly", "yes"], []), ([], ["appendonly no, not yes"]),
            (["--appendonly", "yes", "--appendfsync", "always", "--maxmemory", "100mb"], []),
            (["--appendonly", "yes", "--appendfsync", "no"], ["appendfsync no, not everysec or always"]),
            (
                ["--appendonly", "yes", "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"],
                ["maxmemory-policy allkeys-lru, not noeviction"]
            ),
            // Nothing is evicted without a limit.
            (["--appendonly", "yes", "--maxmemory-policy", "allkeys-lru"], []),
        ])
    func settings(arguments: [String], expected: [String]) async throws {
        let server = try await RedisServer(arguments: arguments)
        #expect(try await warnings(of: server.url) == expected)
    }

    @Test("an old version is found, and what may not be read is passed over")
    func replies() async throws {
        let old = try FakeRedis(answering: { command in
            FakeRedis.handshake(command)
                ?? (command.name == "INFO"
                    ? .line("$44\r\nredis_version:6.2.14\r\nmaxmemory:0\r\nx:\r\n:\r\n\r\n\r\n")
                    : .line("-ERR unknown command"))
        })
        #expect(try await warnings(of: RedisURL(parsing: old.address)) == ["version 6.2.14, not 7.0 or later"])
        let server = try await RedisServer()
        try server.command("ACL", "SETUSER", "default", "-info", "-config")
        #expect(try await warnings(of: server.url) == [])
    }
}
