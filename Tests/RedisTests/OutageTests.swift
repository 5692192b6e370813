import NIOCore
import Platform
import Testing
import TestSupport

@testable import Redis

@Suite
struct OutageTests {
    @Test("where nothing listens, callers are refused at once, and served once something does")
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

    @Test("a restart costs nobody a reply who may be sent again")
    func restart() async throws {
        let server = try await RedisServer()
        let client = try await client(server.address)
        _ = try await client.send(RedisCommand("PING"))
        for _ in 0..<5 {
            // Closes the connection under the client's feet.
            try server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            #expect(try await client.send(RedisCommand("PING"), isIdempotent: true) == .status("PONG"))
        }
    }

    @Test("a frozen Redis costs the first callers the timeout, the others nothing, and is found again")
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

    @Test("a connection that was forgotten on the way is given a part of the time, and then another is made")
    func forgotten() async throws {
        let connectionCount = Mutexed(0)
        let isFirstForgotten = Mutexed(false)
        let server = try Impostor { text in
            guard text.contains("SETNAME") else {
                return connectionCount.value == 1 && isFirstForgotten.value ? "" : "+PONG\r\n"
            }
            connectionCount.update { $0 += 1 }
            return "+OK\r\n+PONG\r\n"
        }
        let client = try await client(
            "redis://127.0.0.1:\(server.port)", timeout: .seconds(4), suspicionDelay: .nanoseconds(0))
        #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
        isFirstForgotten.value = true
        #expect(try await client.send(RedisCommand("PING"), isIdempotent: true) == .status("PONG"))
        #expect(connectionCount.value == 2)
        // What may not be sent twice has the whole time on the connection that there is.
        #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
        #expect(connectionCount.value == 2)
    }

    @Test("whose own deadline is over is not served, and nobody takes Redis for away because of that")
    func curtailed() async throws {
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

    @Test("a Redis that takes connections and drops them is not connected to without a pause")
    func dropping() async throws {
        let connectionCount = Mutexed(0)
        let server = try Impostor { text in
            guard text.contains("SETNAME") else { return "" }
            connectionCount.update { $0 += 1 }
            // What no Redis sends ends the connection.
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

    @Test("a late reply answers nobody else's command")
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

    @Test("what may not be carried out twice is sent once, though its reply is lost")
    func notRetried() async throws {
        let server = try await RedisServer()
        let client = try await client(server.address)
        _ = try await client.send(RedisCommand("PING"))
        // The server counts, and closes this connection before it would answer.
        let script =
            "redis.call('INCR', 'count'); redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'no'); return 1"
        _ = try? await client.send(RedisCommand("EVAL", script, "0"))
        try await eventually("a connection") { (try? await client.send(RedisCommand("PING"))) != nil }
        #expect(try Int(server.command("GET", "count")) ?? 0 <= 1)
    }

    @Test("a primary that became a replica is left, and served again as a primary")
    func readOnly() async throws {
        let server = try await RedisServer()
        let client = try await client(server.address)
        _ = try await client.send(RedisCommand("PING"))
        try server.command("REPLICAOF", "127.0.0.1", "1")
        let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("SET", "a", "b")) }
        #expect("\(try #require(error))".contains("READONLY"))
        try server.command("REPLICAOF", "NO", "ONE")
        try await eventually("writes") { (try? await client.send(RedisCommand("SET", "a", "b"))) != nil }
    }

    @Test("replies that are not Redis' end the connection, and nobody waits for them")
    func otherProtocol() async throws {
        let impostor = try Impostor { _ in "HTTP/1.1 400 Bad Request\r\n\r\n" }
        let client = try await client("redis://127.0.0.1:\(impostor.port)")
        let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
        #expect("\(try #require(error))".contains("unexpected"))
    }
}
