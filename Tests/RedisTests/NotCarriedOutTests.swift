import NIOCore
import Platform
import TestSupport
import Testing

@testable import Redis

/// Commands that Redis answers with an error which says that they were not carried out.
@Suite(.timeLimit(.minutes(1)))
struct NotCarriedOutTests {
    /// A fake Redis that answers the first commands other than those of the handshake with an error, and then with 1.
    private struct Refusing {
        let server: FakeRedis
        private let commands = Mutexed<[String]>([])

        /// - Parameter isWrong: returns whether a connection leads to a wrong server.
        init(_ error: String, times: Int = .max, onlyOn isWrong: @escaping @Sendable (Int) -> Bool = { _ in true })
            throws
        {
            let commands = self.commands
            server = try FakeRedis(answering: { command in
                if let answer = FakeRedis.handshake(command) { return answer }
                let count = commands.update { commands -> Int in
                    commands.append(command.words.joined(separator: " "))
                    return commands.count
                }
                return count <= times && isWrong(command.connection) ? .line("-\(error)") : .line(":1")
            })
        }

        var received: [String] { commands.value }
    }

    @Test(
        "a busy server is asked again on the same connection, also with a command that must not be carried out twice",
        arguments: [
            "LOADING Redis is loading the dataset in memory", "BUSY Redis is busy running a script",
            "CLUSTERDOWN The cluster is down", "TRYAGAIN Multiple keys request during rehashing of slot",
            "ASK 3999 127.0.0.1:6381",
        ])
    func busy(error: String) async throws {
        let refusing = try Refusing(error, times: 3)
        let client = try await client(refusing.server.address)
        #expect(try await client.send(RedisCommand("INCR", "a")) == .integer(1))
        #expect(refusing.received == ["INCR a", "INCR a", "INCR a", "INCR a"])
        #expect(refusing.server.connectionCount == 1)
    }

    @Test(
        "a wrong server is left for a new connection, on which the command is sent again",
        arguments: [
            "READONLY You can't write against a read only replica.", "MOVED 3999 127.0.0.1:6381",
            "MASTERDOWN Link with MASTER is down",
            "READONLY You can't write against a read only replica. script: 88c9, on @user_script:1.",
        ])
    func wrongServer(error: String) async throws {
        let refusing = try Refusing(error, onlyOn: { $0 == 1 })
        let client = try await client(refusing.server.address)
        #expect(try await client.send(RedisCommand("INCR", "a")) == .integer(1))
        #expect(refusing.received == ["INCR a", "INCR a"])
        #expect(refusing.server.connectionCount == 2)
    }

    @Test("commands wait while several connections lead to wrong servers")
    func severalWrongServers() async throws {
        let refusing = try Refusing("MOVED 3999 127.0.0.1:6381", onlyOn: { $0 <= 4 })
        let client = try await client(refusing.server.address)
        #expect(try await client.send(RedisCommand("INCR", "a")) == .integer(1))
        #expect(refusing.server.connectionCount == 5)
    }

    @Test("100 commands at once at a wrong server are each carried out once by the right one")
    func pipelined() async throws {
        let refusing = try Refusing("READONLY You can't write", onlyOn: { $0 == 1 })
        let client = try await client(refusing.server.address)
        let replies = try await withThrowingTaskGroup(of: RESPValue.self) { group in
            for number in 0..<100 { group.addTask { try await client.send(RedisCommand("SET", "\(number)", "x")) } }
            return try await group.reduce(into: [RESPValue]()) { $0.append($1) }
        }
        #expect(replies == Array(repeating: .integer(1), count: 100))
        #expect(refusing.server.connectionCount == 2)
        let counts = refusing.received.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        #expect(counts.count == 100 && counts.values.allSatisfy { $0 == 2 })
    }

    @Test(
        "if the error lasts, it is the result once the command's time is over",
        arguments: ["TRYAGAIN Multiple keys request", "ASK 3999 127.0.0.1:6381", "LOADING Redis", "READONLY You can't"])
    func lasting(error: String) async throws {
        let refusing = try Refusing(error)
        let client = try await client(refusing.server.address, timeout: .seconds(1))
        let thrown = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("INCR", "a")) }
        #expect(thrown == RedisError(errorReply: error))
        #expect(StoreError(try #require(thrown)) == .unavailable(RedisError(errorReply: error)))
        #expect(refusing.received.count > 1)
    }

    @Test("a command is not sent again after its caller's deadline")
    func callersDeadline() async throws {
        let refusing = try Refusing("LOADING Redis is loading", times: 1)
        let client = try await client(refusing.server.address, timeout: .seconds(60))
        await TaskDeadline.$current.withValue(.now() + .milliseconds(5)) {
            await #expect(throws: RedisError.self) { try await client.send(RedisCommand("INCR", "a")) }
        }
        #expect(try await client.send(RedisCommand("GET", "a")) == .integer(1))
        #expect(refusing.received == ["INCR a", "GET a"])
    }

    @Test("an error of which a second try is no better is the result at once", arguments: ["OOM full", "ERR syntax"])
    func others(error: String) async throws {
        let refusing = try Refusing(error, times: 1)
        let client = try await client(refusing.server.address)
        await #expect(throws: RedisError(errorReply: error)) { try await client.send(RedisCommand("INCR", "a")) }
        #expect(refusing.received == ["INCR a"])
    }

    @Test("real Redis: a write is carried out although its server is a replica when it is sent")
    func failover() async throws {
        let server = try await RedisServer()
        let client = try await client(server.address)
        _ = try await client.send(RedisCommand("PING"))
        try server.command("REPLICAOF", "127.0.0.1", "1")
        async let reply = client.send(RedisCommand("INCR", "a"))
        try await eventually("the write to be refused") {
            try server.command("INFO", "errorstats").contains("errorstat_READONLY")
        }
        try server.command("REPLICAOF", "NO", "ONE")
        #expect(try await reply == .integer(1))
    }

    @Test("a closed client completes the commands that it holds")
    func closed() async throws {
        let refusing = try Refusing("READONLY You can't write")
        let client = try await client(refusing.server.address, timeout: .seconds(60))
        let call = Task { try await client.send(RedisCommand("INCR", "a")) }
        try await eventually("the write to be refused") { refusing.received.count > 1 }
        client.close()
        await #expect(throws: RedisError.self) { try await call.value }
    }
}
