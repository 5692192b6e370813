import TestSupport
import Testing
import Web

/// `/readyz` fails where requests would.
@Suite(.timeLimit(.minutes(1)))
struct ReadinessTests {
    /// A state of Redis in which no request can be served: a command that brings it about, and one that ends it.
    static let states: [(begin: [String], end: [String])] = [
        (["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"]),
        (["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"]),
        (["CONFIG", "SET", "min-replicas-to-write", "1"], ["CONFIG", "SET", "min-replicas-to-write", "0"]),
        (["ACL", "SETUSER", "default", "-set"], ["ACL", "SETUSER", "default", "+set"]),
        (["ACL", "SETUSER", "default", "-xadd"], ["ACL", "SETUSER", "default", "+xadd"]),
        (["ACL", "SETUSER", "default", "-@scripting"], ["ACL", "SETUSER", "default", "+@scripting"]),
        (["SET", "postern:mail", "x"], ["DEL", "postern:mail"]),
    ]

    @Test("the handler is not ready while Redis would refuse requests, and asking changes nothing", arguments: states)
    func unready(begin: [String], end: [String]) async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let request = Request(method: .get, path: "/readyz")
        #expect(await harness.respond(to: request).status == .ok)
        try server.command(words: begin)
        let before = try server.command("DBSIZE")
        let signIn = await harness.respond(to: .signIn())
        #expect(signIn.status == .serviceUnavailable || signIn.status == .internalServerError)
        for _ in 0..<3 { #expect(await harness.respond(to: request).status == .serviceUnavailable) }
        #expect(try server.command("DBSIZE") == before)
        try server.command(words: end)
        try await eventually("readiness") { await harness.respond(to: request).status == .ok }
        #expect(await harness.respond(to: .signIn()).status == .ok)
    }
}
