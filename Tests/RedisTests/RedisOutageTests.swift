import Foundation
import NIOCore
import Platform
import TestSupport
import Testing

@testable import Redis

@Suite
struct RedisOutageTests {
    @Test("while nothing listens, commands fail at once; once Redis listens, they succeed")
    func absent() async throws {
        let server = try await RedisServer()
        server.stop()
        let client = try await client(server.address)
        for _ in 0..<100 {
            await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
        }
        try await server.start()
        try await eventually("the client to find Redis") { (try? await client.send(RedisCommand("PING"))) != nil }
    }

    @Test("a closed connection does not fail an idempotent command")
    func closedConnection() async throws {
        let server = try await RedisServer()
        let client = try await client(server.address)
        _ = try await client.send(RedisCommand("PING"))
        for _ in 0..<5 {
            // Closes the client's connection.
            try server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            #expect(try await client.send(RedisCommand("PING"), isIdempotent: true) == .status("PONG"))
        }
    }

    @Test("while Redis is frozen, the first command times out and later ones fail at once; then they succeed again")
    func frozen() async throws {
        let server = try await RedisServer()
        let client = try await client(server.address, timeout: .seconds(1))
        _ = try await client.send(RedisCommand("PING"))
        server.freeze()
        await #expect(throws: RedisError.timeout) { try await client.send(RedisCommand("PING")) }
        for _ in 0..<100 {
            await #expect {
                try await client.send(RedisCommand("PING"))
            } throws: { error in
                if case RedisError.unavailable? = error as? RedisError { true } else { false }
            }
        }
        server.thaw()
        try await eventually("the client to find Redis") { (try? await client.send(RedisCommand("PING"))) != nil }
    }

    @Test("a reply that has arrived in time counts, even if the event loop was too busy to read it")
    func busyEventLoop() async throws {
        let server = try await RedisServer()
        let client = try await client(server.address, timeout: .milliseconds(200))
        _ = try await client.send(RedisCommand("PING"))
        let loop = client.eventLoop
        for _ in 0..<3 {
            async let reply = client.send(RedisCommand("PING"))
            // Twice the timeout passes after the command was sent.
            loop.scheduleTask(in: .milliseconds(20)) { Thread.sleep(forTimeInterval: 0.4) }
            #expect(try await reply == .status("PONG"))
        }
        client.close()
    }

    @Test("a connection that was dropped silently gets a part of the timeout, and is then replaced")
    func silentlyDropped() async throws {
        let connectionCount = Mutexed(0)
        let isFirstDropped = Mutexed(false)
        let server = try ScriptedServer { text in
            guard text.contains("SETNAME") else {
                return connectionCount.value == 1 && isFirstDropped.value ? "" : "+PONG\r\n"
            }
            connectionCount.update { $0 += 1 }
            return "+OK\r\n-ERR no clock\r\n+PONG\r\n"
        }
        let client = try await client(
            "redis://127.0.0.1:\(server.port)", timeout: .seconds(4), suspicionDelay: .nanoseconds(0))
        #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
        isFirstDropped.value = true
        #expect(try await client.send(RedisCommand("PING"), isIdempotent: true) == .status("PONG"))
        #expect(connectionCount.value == 2)
        // A command that must not be sent twice gets the whole timeout on the current connection.
        #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
        #expect(connectionCount.value == 2)
    }

    @Test("a command whose task has no time left times out, and Redis does not count as unavailable")
    func taskDeadline() async throws {
        let server = try await RedisServer()
        let client = try await client(server.address, timeout: .seconds(60))
        _ = try await client.send(RedisCommand("PING"))
        await TaskDeadline.$current.withValue(.now() - .seconds(1)) {
            await #expect(throws: RedisError.timeout) { try await client.send(RedisCommand("PING")) }
        }
        #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
        server.freeze()
        await TaskDeadline.$current.withValue(.now() + .milliseconds(100)) {
            await #expect(throws: RedisError.timeout) { try await client.send(RedisCommand("PING")) }
        }
        async let reply = client.send(RedisCommand("PING"))
        server.thaw()
        #expect(try await reply == .status("PONG"))
    }

    @Test("a server that accepts connections and drops them is not connected to without a pause")
    func dropping() async throws {
        let connectionCount = Mutexed(0)
        let server = try ScriptedServer { text in
            guard text.contains("SETNAME") else { return "" }
            connectionCount.update { $0 += 1 }
            // A reply without a command ends the connection.
            return "+OK\r\n+PONG\r\n+WHAT\r\n"
        }
        let client = try await client("redis://127.0.0.1:\(server.port)")
        try await eventually("callers to be refused") {
            do {
                _ = try await client.send(RedisCommand("PING"))
                return false
            } catch RedisError.unavailable {
                return true
            } catch {
                return false
            }
        }
        #expect(connectionCount.value < 20)
    }

    @Test("a late reply is not read as the reply to another command")
    func lateReply() async throws {
        let server = try await RedisServer()
        let client = try await client(server.address, timeout: .seconds(1))
        _ = try await client.send(RedisCommand("PING"))
        server.freeze()
        await #expect(throws: RedisError.timeout) { try await client.send(RedisCommand("ECHO", "late")) }
        server.thaw()
        try await eventually("an answer") {
            (try? await client.send(RedisCommand("ECHO", "own"))) == .bulk(Array("own".utf8))
        }
        for number in 0..<100 {
            #expect(try await client.send(RedisCommand("ECHO", "\(number)")) == .bulk(Array("\(number)".utf8)))
        }
    }

    @Test("a command that must not be carried out twice is sent once, even if its reply is lost")
    func notRetried() async throws {
        let server = try await RedisServer()
        let client = try await client(server.address)
        _ = try await client.send(RedisCommand("PING"))
        // The script counts, and closes this connection before its reply.
        let script =
            "redis.call('INCR', 'count'); redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'no'); return 1"
        _ = try? await client.send(RedisCommand("EVAL", script, "0"))
        try await eventually("a connection") { (try? await client.send(RedisCommand("PING"))) != nil }
        #expect(try Int(server.command("GET", "count")) ?? 0 <= 1)
    }

    @Test("the client leaves a primary that became a replica, and recovers once it is a primary again")
    func readOnly() async throws {
        let server = try await RedisServer()
        let client = try await client(server.address, timeout: .milliseconds(500))
        _ = try await client.send(RedisCommand("PING"))
        try server.command("REPLICAOF", "127.0.0.1", "1")
        let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("SET", "a", "b")) }
        #expect("\(try #require(error))".contains("READONLY"))
        try server.command("REPLICAOF", "NO", "ONE")
        try await eventually("writes") { (try? await client.send(RedisCommand("SET", "a", "b"))) != nil }
    }

    @Test("real Redis: if it has too many clients, the error says so")
    func tooManyClients() async throws {
        let server = try await RedisServer(arguments: ["--maxclients", "1"])
        let first = try await client(server.address)
        _ = try await first.send(RedisCommand("PING"))
        let second = try await client(server.address)
        for _ in 0..<2 {
            let error = await #expect(throws: RedisError.self) { try await second.send(RedisCommand("PING")) }
            #expect("\(try #require(error))".contains("max number of clients reached"))
        }
        first.close()
        try await eventually("a place for the second") { (try? await second.send(RedisCommand("PING"))) != nil }
    }

    static let lastErrors = [
        ("DENIED Redis is running in protected mode because protected mode is enabled", "protected mode"),
        ("ERR max number of clients reached", "max number of clients"),
        ("ERR Protocol error: invalid bulk length", "Protocol error"), ("WHATEVER comes", "WHATEVER comes"),
    ]

    @Test("the last error before Redis closes the connection is the reason", arguments: lastErrors)
    func lastError(error: String, reason: String) async throws {
        // At the first command of the handshake, and at a later command.
        for isHandshake in [true, false] {
            let server = try FakeRedis(answering: { command in
                if !isHandshake, let answer = FakeRedis.handshake(command) { return answer }
                return .close(Array("-\(error)\r\n".utf8))
            })
            let client = try await client(server.address)
            let thrown = await #expect(throws: RedisError.self) {
                for _ in 0..<10 { _ = try await client.send(RedisCommand("GET", "a")) }
            }
            #expect("\(try #require(thrown))".contains(reason))
        }
    }

    @Test("an error that is not the last reply before the end is not the reason")
    func earlierError() async throws {
        let server = try FakeRedis(answering: { command in
            switch command.name {
            case "CLIENT": .line("-ERR unknown command 'CLIENT'")
            case "GET": .close([])
            default: .line("+PONG")
            }
        })
        let client = try await client(server.address)
        let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("GET", "a")) }
        #expect(error == .connectionLost(reason: "the connection to Redis ended: closed by Redis"))
    }

    @Test("a reply in another protocol ends the connection and fails the command")
    func otherProtocol() async throws {
        let server = try ScriptedServer { _ in "HTTP/1.1 400 Bad Request\r\n\r\n" }
        let client = try await client("redis://127.0.0.1:\(server.port)")
        let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
        #expect("\(try #require(error))".contains("unexpected"))
    }
}
