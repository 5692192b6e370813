import Foundation
import TestSupport
import Testing

@Suite
struct APIKeysCommandTests {
    private static let secretKey = "k1:" + Data(0..<32).base64EncodedString()

    /// The settings of the commands for a server.
    private static func settings(_ redis: RedisServer) -> [String: String] {
        ["REDIS_URL": redis.address, "POSTERN_SECRET_KEYS": secretKey]
    }

    private static func objects(_ output: String) throws -> [[String: Any]] {
        try output.split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    @Test("a key is printed once when it is made, and listed without what authenticates")
    func new() async throws {
        let redis = try await RedisServer()
        let environment = APIKeysCommandTests.settings(redis)
        let new = try await CommandLineTool.run(
            "api-keys", "new", "--name", "portal", "--scopes", "links:write,mail:read", "--lifetime", "90d",
            environment: environment)
        #expect(new.status == 0)
        let lines = new.output.split(separator: "\n")
        let key = String(try #require(lines.first))
        #expect(key.wholeMatch(of: /pk_[A-Za-z0-9_-]{43}/) != nil)
        let event = try #require(try APIKeysCommandTests.objects(String(lines[1])).first)
        #expect(event["message"] as? String == "api_key_created")
        #expect(event["name"] as? String == "portal")
        #expect(!lines[1].contains(key))

        let list = try await CommandLineTool.run("api-keys", "list", "--json", environment: environment)
        let listed = try #require(try APIKeysCommandTests.objects(list.output).first)
        let id = try #require(listed["id"] as? String)
        #expect(id == event["api_key"] as? String)
        #expect(listed["name"] as? String == "portal")
        #expect(listed["scopes"] as? [String] == ["links:write", "mail:read"])
        #expect(listed["works"] as? Bool == true)
        #expect(listed["last_request"] == nil)
        #expect(listed["expires"] != nil)
        let text = try await CommandLineTool.run("api-keys", "list", environment: environment).output
        #expect(text.contains("\(id)  portal  links:write,mail:read  created "))
        for output in [list.output, text] { #expect(!output.contains(key)) }
    }

    @Test("a revoked key is no longer listed, and the audit says who made and revoked it")
    func revoke() async throws {
        let redis = try await RedisServer()
        let environment = APIKeysCommandTests.settings(redis)
        _ = try await CommandLineTool.run(
            "api-keys", "new", "--name", "portal", "--scopes", "links:write", environment: environment)
        let list = try await CommandLineTool.run("api-keys", "list", "--json", environment: environment)
        let id = try #require(try APIKeysCommandTests.objects(list.output).first?["id"] as? String)
        let revoked = try await CommandLineTool.run("api-keys", "revoke", id, environment: environment)
        #expect(revoked.status == 0)
        #expect(revoked.output.hasPrefix("API key \(id) was revoked.\n"))
        let again = try await CommandLineTool.run("api-keys", "revoke", id, environment: environment)
        #expect(again.status == 1)
        #expect(again.output.hasPrefix("postern: No API key '\(id)' in Redis. List them with: postern api-keys list."))
        #expect(try await CommandLineTool.run("api-keys", "list", environment: environment).output == "")

        let audit = try await CommandLineTool.run("audit", "--json", environment: environment)
        let entries = try APIKeysCommandTests.objects(audit.output)
        #expect(entries.map { $0["event"] as? String } == ["api_key_revoked", "api_key_created"])
        #expect(entries.allSatisfy { $0["by"] as? String == NSUserName() })
        let newest = try await CommandLineTool.run("audit", "--limit", "1", environment: environment).output
        #expect(newest.contains("api_key_revoked  key \(id)  name portal  by "))
        #expect(newest.split(separator: "\n").count == 1)
    }

    @Test("a key that has leaked can be revoked by itself, and is not printed")
    func leaked() async throws {
        let redis = try await RedisServer()
        let environment = APIKeysCommandTests.settings(redis)
        let output = try await CommandLineTool.run(
            "api-keys", "new", "--name", "portal", "--scopes", "links:write", environment: environment
        ).output
        let key = String(output.prefix { $0 != "\n" })
        let revoked = try ChildProcess(
            "sh", ["-c", "printf '%s\\n' \"$1\" | \"$0\" api-keys revoke -", CommandLineTool.path, key],
            environment: environment)
        #expect(try await revoked.waitForExit() == 0)
        #expect(revoked.log.contains(" was revoked.\n"))
        #expect(!revoked.log.contains(key))
        #expect(try await CommandLineTool.run("api-keys", "list", environment: environment).output == "")
        // The key as an argument, and nothing on standard input.
        #expect(try await CommandLineTool.run("api-keys", "revoke", key, environment: environment).status == 1)
        #expect(try await CommandLineTool.run("api-keys", "revoke", "-", environment: environment).status == 64)
    }

    @Test("what others write to Redis does not control the terminal")
    func terminal() async throws {
        let redis = try await RedisServer()
        let environment = APIKeysCommandTests.settings(redis)
        let (escape, id) = ("\u{1B}[2J", String(repeating: "a", count: 32))
        for id in [escape, id] {
            try redis.command("ZADD", "postern:api-keys", "inf", id)
            try redis.command("HSET", "postern:api-key:\(id)", "ring", escape, "record", "x")
        }
        try redis.command("XADD", "postern:audit", "*", "ring", escape, "entry", "x")
        for arguments in [["api-keys", "list"], ["audit"]] {
            for format in [[], ["--json"]] {
                let process = try ChildProcess(CommandLineTool.path, arguments + format, environment: environment)
                #expect(try await process.waitForExit() == 0)
                #expect(process.log.split(separator: "\n").count == 1, "\(arguments)")
                #expect(!process.log.contains("\u{1B}"), "\(arguments)")
            }
        }
    }

    @Test("an entry for POSTERN_API_KEYS holds the digest that sha256sum prints, and stores nothing")
    func setting() async throws {
        let (status, output) = try await CommandLineTool.run(
            "api-keys", "new", "--name", "portal", "--scopes", "links:write", "--print-setting")
        #expect(status == 0)
        let lines = output.split(separator: "\n").map(String.init)
        #expect(lines.count == 2)
        let sum = try ChildProcess.output("sh", ["-c", "printf %s \"$0\" | sha256sum | cut -c1-64", lines[0]])
        let digest = String(decoding: sum, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(lines[1] == "portal/links:write/\(digest)")
        let expiring = try await CommandLineTool.run(
            "api-keys", "new", "--name", "portal", "--scopes", "links:write", "--print-setting", "--lifetime", "90d")
        #expect(expiring.output.split(separator: "\n").last?.contains(/\/\d{4}-\d\d-\d\d$/) == true)
        #expect(expiring.output.hasPrefix("postern: the key works until the end of the day"))
    }

    @Test("wrong arguments end with 64, a wrong setting with 78, and a Redis that does not answer with 69")
    func exitStatuses() async throws {
        let environment = ["REDIS_URL": "redis://127.0.0.1:1", "POSTERN_SECRET_KEYS": APIKeysCommandTests.secretKey]
        let wrong: [([String], String)] = [
            (["new", "--name", "a b", "--scopes", "a:b"], "--name must be 1 to 64 visible ASCII characters"),
            (["new", "--name", "a", "--scopes", "links"], "--scopes must be two names"),
            (["new", "--name", "a", "--scopes", "a:b,a:b"], "--scopes must not contain the same scope twice"),
            (["new", "--name", "a", "--scopes", "a:b", "--lifetime", "1s"], "--lifetime must be a duration"),
            (["revoke", "x"], "give the ID of a key"),
        ]
        for (arguments, message) in wrong {
            let process = try ChildProcess(
                CommandLineTool.path, ["api-keys"] + arguments, environment: environment)
            #expect(try await process.waitForExit() == 64, "\(arguments)")
            #expect(process.log.contains(message), "\(process.log)")
        }
        for arguments in [["api-keys", "list"], ["api-keys", "reseal"], ["audit"]] {
            let process = try ChildProcess(CommandLineTool.path, arguments, environment: environment)
            #expect(try await process.waitForExit() == 69)
            let unset = try ChildProcess(
                CommandLineTool.path, arguments, environment: ["REDIS_URL": "redis://127.0.0.1:1"])
            #expect(try await unset.waitForExit() == 78)
            #expect(unset.log.hasPrefix("postern: POSTERN_SECRET_KEYS must be set"))
        }
    }
}
