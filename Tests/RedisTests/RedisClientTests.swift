import Logging
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Redis

/// A client that has started to connect.
func client(
    _ url: String, timeout: TimeAmount = .seconds(5), certificateAuthorities: String? = nil,
    scripts: [ScriptSource] = [], suspicionDelay: TimeAmount = .seconds(30)
) async throws -> RedisClient {
    var configuration = RedisConfiguration(
        url: try RedisURL(parsing: url), timeout: timeout, clientName: "test",
        certificateAuthorities: certificateAuthorities, scripts: scripts)
    configuration.suspicionDelay = suspicionDelay
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let client = try await loop.submit { [configuration] in
        try RedisClient(configuration: configuration, eventLoop: loop, logger: Logger(label: "test"))
    }.get()
    client.start()
    return client
}

@Suite
struct RedisClientTests {
    @Test("each of 2,000 concurrent commands gets its own reply, over one connection")
    func pipelined() async throws {
        let server = try await RedisServer()
        let client = try await client(server.address)
        let wrong = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<2000 {
                group.addTask {
                    try await client.send(RedisCommand("ECHO", "\(number)")) != .bulk(Array("\(number)".utf8))
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(wrong == 0)
        #expect(
            try server.command("CLIENT", "LIST", "TYPE", "normal").split(separator: "\n").count(where: {
                $0.contains("name=test")
            }) == 1)
        client.close()
    }

    @Test("an error reply is thrown with its code")
    func errorReply() async throws {
        let server = try await RedisServer()
        let client = try await client(server.address)
        await #expect(
            throws: RedisError.server(code: "NOSCRIPT", message: "NOSCRIPT No matching script. Please use EVAL.")
        ) {
            try await client.send(RedisCommand("EVALSHA", String(repeating: "0", count: 40), "0"))
        }
    }

    @Test("user, password and database are used")
    func handshake() async throws {
        let server = try await RedisServer()
        try server.command("ACL", "SETUSER", "door", "on", ">p@ss/word", "~*", "+@all")
        let client = try await client(
            "redis://door:p%40ss%2Fword@127.0.0.1:\(server.port)/3")
        #expect(try await client.send(RedisCommand("ACL", "WHOAMI")) == .bulk(Array("door".utf8)))
        _ = try await client.send(RedisCommand("SET", "here", "yes"))
        #expect(try server.command("-n", "3", "GET", "here") == "yes")
    }

    @Test("only the scripts that a server lacks are loaded, before any command")
    func scripts() async throws {
        let server = try await RedisServer()
        let (one, two) = (ScriptSource(Array("return 1".utf8)), ScriptSource(Array("return 2".utf8)))
        for (scripts, loads) in [([one], 1), ([one, two], 2), ([two, one], 2)] {
            let client = try await client(server.address, scripts: scripts)
            for script in scripts {
                // Not by `call`, which would load the script.
                let reply = try await client.send(RedisCommand("EVALSHA", script.digest, "0"))
                #expect(reply == .integer(script.digest == one.digest ? 1 : 2))
            }
            #expect(try server.callCount(of: "script|load") == loads)
        }
    }

    @Test("a connection is made even if scripts may not be loaded")
    func scriptsRefused() async throws {
        let server = try await RedisServer()
        try server.command("ACL", "SETUSER", "default", "-script")
        let client = try await client(server.address, scripts: [ScriptSource(Array("return 1".utf8))])
        #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
    }

    @Test("a wrong password is reported by name, until it is correct")
    func wrongPassword() async throws {
        let server = try await RedisServer(arguments: ["--requirepass", "right"])
        let client = try await client("redis://:wrong@127.0.0.1:\(server.port)")
        let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
        #expect("\(try #require(error))".contains("WRONGPASS"))
        try server.command("-a", "right", "CONFIG", "SET", "requirepass", "wrong")
        try await eventually("the password to be accepted") { (try? await client.send(RedisCommand("PING"))) != nil }
    }

    @Test("a missing password is reported by name")
    func missingPassword() async throws {
        let server = try await RedisServer(arguments: ["--requirepass", "right"])
        let client = try await client(server.address)
        let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
        #expect("\(try #require(error))".contains("NOAUTH"))
    }

    @Test("a password that Redis repeats in an error is not part of the client's error")
    func repeatedPassword() async throws {
        let server = try await RedisServer(arguments: ["--rename-command", "AUTH", "HIDDEN"])
        let client = try await client("redis://:hunter2secret@127.0.0.1:\(server.port)")
        let error = try #require(await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) })
        #expect("\(error)".contains("unknown command"))
        #expect(!String(reflecting: error).contains("hunter2secret"))
    }

    @Test("a client connects over a Unix domain socket")
    func socket() async throws {
        let folder = try Folder()
        let path = "\(folder.path)/redis.sock"
        let server = try await RedisServer(arguments: ["--unixsocket", path])
        let client = try await client("unix://\(path)")
        #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
        withExtendedLifetime(server) {}
    }

    @Test("a closed client refuses commands, and does not reconnect")
    func closed() async throws {
        let server = try await RedisServer()
        let client = try await client(server.address)
        _ = try await client.send(RedisCommand("PING"))
        client.close()
        await #expect(throws: RedisError.unavailable(reason: "the client is closed")) {
            try await client.send(RedisCommand("PING"))
        }
    }
}
