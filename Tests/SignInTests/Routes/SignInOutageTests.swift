import Cryptography
import SignIn
import TestSupport
import Testing
import Web

@Suite
struct SignInOutageTests {
    private static let unavailable = "The service is unavailable right now: try again shortly"

    /// Checks that a response reports an outage, and the time after which to try again.
    private func expectUnavailable(
        _ response: Response, retryAfter: Int, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let expected = #"""
            {"error":"\#(SignInOutageTests.unavailable)","code":"service_unavailable","retryAfter":\#(retryAfter)}
            """#
        #expect(response.status == .serviceUnavailable, sourceLocation: sourceLocation)
        #expect(response.text == expected, sourceLocation: sourceLocation)
        #expect(response.fields[.retryAfter] == "\(retryAfter)", sourceLocation: sourceLocation)
        #expect(response.fields[.rateLimit] == nil, sourceLocation: sourceLocation)
    }

    @Test("without Redis a request gets 503, and is neither limited nor admitted")
    func unreachable() async throws {
        let harness = try await SignInHarness()
        for _ in 0..<3 { expectUnavailable(await harness.respond(to: .signIn()), retryAfter: 1) }
    }

    @Test("the service recovers when Redis does")
    func recovers() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        #expect(await harness.respond(to: .signIn()).status == .ok)
        server.stop()
        expectUnavailable(await harness.respond(to: .signIn()), retryAfter: 1)
        try await server.start()
        try await eventually("the service to be back") { await harness.respond(to: .signIn()).status == .ok }
    }

    @Test("if the memory of Redis is full, nothing is stored in part")
    func full() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        #expect(await harness.respond(to: .get("/readyz")).status == .ok)
        try server.command("CONFIG", "SET", "maxmemory", "1")
        expectUnavailable(await harness.respond(to: .signIn()), retryAfter: 1)
        #expect(try await harness.keyCount() == 0)
    }

    @Test("if Redis has become a replica, a request gets 503")
    func readOnly() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        #expect(await harness.respond(to: .get("/readyz")).status == .ok)
        try server.command("REPLICAOF", "127.0.0.1", "1")
        expectUnavailable(await harness.respond(to: .signIn()), retryAfter: 1)
    }

    @Test("if the mail queue is full, a request gets 503 with a longer wait, and stores nothing")
    func queueFull() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, maximumQueueLength: 2)
        for _ in 0..<2 { #expect(await harness.respond(to: .signIn()).status == .ok) }
        expectUnavailable(await harness.respond(to: .signIn()), retryAfter: 30)
        #expect(try await harness.mails().count == 2)
    }

    @Test("an internal error is reported without details, and nothing is stored")
    func fault() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        // Something else has taken the stream's name.
        try server.command("SET", "postern:mail", "secret words")
        let response = await harness.respond(to: .signIn())
        #expect(response.status == .internalServerError)
        #expect(response.text == #"{"error":"Something went wrong on our side","code":"internal_error"}"#)
        #expect(response.fields[.retryAfter] == nil)
        #expect(try await harness.keyCount() == 1)
    }

    @Test(
        "if the Redis user lacks a permission that a script needs, a request gets 503",
        arguments: ["-xadd", "-set", "-get", "-evalsha", "-time", "-xlen", "resetkeys"])
    func permission(rule: String) async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        #expect(await harness.respond(to: .get("/readyz")).status == .ok)
        try server.command("ACL", "SETUSER", "default", rule)
        expectUnavailable(await harness.respond(to: .signIn()), retryAfter: 1)
    }

    @Test("the first request makes the consumer group, so that a worker finds it")
    func group() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        for _ in 0..<2 { #expect(await harness.respond(to: .signIn()).status == .ok) }
        let read = try server.command("XREADGROUP", "GROUP", "senders", "w", "STREAMS", "postern:mail", ">")
        #expect(read.split(separator: "\n").count(where: { $0.contains("job") }) == 2)
    }

    @Test("without random bytes there is no token and no email")
    func noRandomness() async throws {
        let server = try await RedisServer()
        let random = RandomBytes { (_: UnsafeMutableRawBufferPointer) throws(CryptoError) -> Void in
            throw CryptoError.noRandomness
        }
        let harness = try await SignInHarness(server, random: random)
        let response = await harness.respond(to: .signIn())
        #expect(response.status == .internalServerError)
        #expect(response.text == #"{"error":"Something went wrong on our side","code":"internal_error"}"#)
        #expect(try await harness.keyCount() == 0)
    }

    @Test("pages of an allowed origin may read the time after which to try again")
    func readable() async throws {
        let harness = try await SignInHarness()
        let response = await harness.respond(to: .signIn())
        #expect(response.fields[.accessControlAllowOrigin] == "https://portal.example")
        #expect(response.fields[.accessControlExposeHeaders]?.contains("Retry-After") == true)
    }
}
