import Foundation
import TestSupport
import Testing

@Suite
struct RedisUserTests {
    @Test("the Redis user of the documents may do what the programs need, and learns of wrong settings")
    func documented() async throws {
        let file = Handler.repository.appendingPathComponent("deploy/OPERATIONS.md")
        let line = try #require(
            String(contentsOf: file, encoding: .utf8).split(separator: "\n")
                .first { $0.contains("ACL SETUSER postern") })
        let redis = try await RedisServer()
        #expect(try redis.command(words: line.split(separator: " ").map(String.init)) == "OK")
        let url = "redis://postern:PASSWORD@127.0.0.1:\(redis.port)"
        let handler = try await Handler(redis: url)
        let server = try await ScriptedSMTPServer()
        let worker = try await Worker(redis: url, mail: "smtp://localhost:\(server.port)")
        #expect(try handler.get("/readyz").status == 200)
        #expect(try handler.signIn().status == 200)
        try await eventually("the email to arrive") { server.messages.count == 1 }
        let token = try #require(server.messages[0].tokens.first)
        let verified = try handler.post(
            #"{"token":"\#(token)"}"#, to: "/auth/verify-magic-link", fields: "Content-Type: application/json\r\n")
        #expect(verified.status == 200)
        let environment = ["REDIS_URL": url, "POSTERN_SECRET_KEYS": Handler.secretKey]
        for command in [
            ["queue"], ["queue", "dead"], ["queue", "retry", "--all"], ["audit"], ["api-keys", "list"],
            ["api-keys", "new", "--name", "a", "--scopes", "links:write"],
        ] {
            let process = try ChildProcess(CommandLineTool.path, command, environment: environment)
            #expect(try await process.waitForExit(within: .seconds(60)) == 0, "\(command): \(process.log)")
        }
        try await eventually("the worker to look at the settings") {
            worker.process.log.contains(#""message":"redis_endangers_mail""#)
        }
        #expect(worker.process.log.contains(#""setting":"appendonly""#))
        #expect(try await worker.stop() == 0)
        for log in [worker.process.log, handler.process.log] { #expect(!log.contains("NOPERM")) }
    }
}
