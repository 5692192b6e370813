import Foundation
import Testing
import TestSupport

@Suite
struct CommandLineTests {
    @Test("a new key is accepted by the handler, and different each time")
    func keys() async throws {
        let (status, output) = try await CommandLineTool.run("keys", "new")
        #expect(status == 0)
        let entry = output.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(entry.wholeMatch(of: /k[0-9a-f]{6}:[A-Za-z0-9+\/]{43}=/) != nil)
        #expect(try await CommandLineTool.run("keys", "new").output != output)
        let redis = try await RedisServer()
        let handler = try await Handler(redis: redis.address, ["POSTERN_SECRET_KEYS": entry])
        #expect(try handler.signIn().status == 200)
        let named = try await CommandLineTool.run("keys", "new", "--id", "2026-11")
        #expect(named.output.hasPrefix("2026-11:"))
        #expect(try await CommandLineTool.run("keys", "new", "--id", "not:this").status == 64)
    }

    @Test("postern queue shows the queue as text, and as JSON")
    func queue() async throws {
        let queue = try await Queue()
        let environment = ["REDIS_URL": queue.redis.address]
        for _ in 0..<3 { #expect(try queue.handler.signIn().status == 200) }
        try queue.redis.command("XGROUP", "CREATE", "postern:mail", "senders", "0")
        try queue.redis.command("XREADGROUP", "GROUP", "senders", "w1", "COUNT", "1", "STREAMS", "postern:mail", ">")
        let text = try await CommandLineTool.run("queue", environment: environment)
        #expect(text.status == 0)
        #expect(text.output.contains("queued          3 (1 in delivery), oldest "))
        #expect(text.output.contains("  w1  delivering 1, idle for "))
        let json = try await CommandLineTool.run("queue", "show", "--json", environment: environment)
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        #expect(object["length"] as? Int == 3)
        #expect(object["retries"] as? Int == 0)
        #expect(object["dead"] as? Int == 0)
        #expect((object["workers"] as? [[String: Any]])?.first?["pending"] as? Int == 1)
    }

    @Test("what somebody wrote into Redis begins no line of its own, and moves no cursor")
    func forgedLines() async throws {
        let queue = try await Queue()
        let forged = "x\n2026-01-01T00:00:00Z  \u{1B}[2Jforged"
        try queue.redis.command(
            "XADD", "postern:mail:dead", "*", "id", forged, "reason", forged, "code", "550", "status", forged)
        try queue.redis.command("XGROUP", "CREATE", "postern:mail", "senders", "0", "MKSTREAM")
        try queue.redis.command("XGROUP", "CREATECONSUMER", "postern:mail", "senders", forged)
        for command in [["queue"], ["queue", "dead"]] {
            let process = try ChildProcess(
                CommandLineTool.path, command, environment: ["REDIS_URL": queue.redis.address])
            #expect(try await process.waitForExit(within: .seconds(60)) == 0)
            #expect(process.log.contains("forged"))
            #expect(!process.log.contains("\u{1B}"))
            #expect(!process.log.split(whereSeparator: \.isNewline).contains { $0.hasPrefix("2026-01-01") })
        }
    }

    @Test("a dead letter is listed, requeued by its id or with all others, or dropped")
    func dead() async throws {
        let queue = try await Queue()
        let environment = ["REDIS_URL": queue.redis.address]
        let isRefusing = Mutexed(true)
        let server = try await ScriptedSMTPServer(
            .init { $0.moment == .recipient && isRefusing.value ? .reply("550 5.1.1 no") : nil })
        let worker = try await Worker(redis: queue.redis.address, mail: "smtp://localhost:\(server.port)")
        for _ in 0..<4 { #expect(try queue.handler.signIn().status == 200) }
        try await queue.becomes([0, 0, 4])
        isRefusing.value = false
        let lines = try await CommandLineTool.run("queue", "dead", environment: environment).output
            .split(separator: "\n")
        #expect(lines.count == 4)
        let ids = lines.map { String($0.split(separator: " ")[1]) }
        #expect(lines.allSatisfy { $0.hasSuffix("rejected  attempts 1  reply 550 5.1.1") })

        #expect(try await CommandLineTool.run("queue", "retry", ids[0], environment: environment).status == 0)
        try await eventually("the email to arrive") { server.messages.count == 1 }
        #expect(server.messages[0].field("Message-ID") == "<\(ids[0])@example.com>")
        #expect(try await CommandLineTool.run("queue", "drop", ids[1], environment: environment).status == 0)
        try await queue.becomes([0, 0, 2])
        let all = try await CommandLineTool.run("queue", "retry", "--all", environment: environment)
        #expect(all.output == "2 jobs will be retried now.\n")
        try await queue.becomes([0, 0, 0])
        #expect(server.messages.count == 3)

        for command in ["retry", "drop"] {
            let (status, output) = try await CommandLineTool.run("queue", command, ids[1], environment: environment)
            #expect(status == 1)
            #expect(output.hasPrefix("postern: ") && output.contains(ids[1]))
        }
        #expect(try await CommandLineTool.run("queue", "retry", environment: environment).status == 64)
        #expect(worker.process.isRunning)
    }

    @Test("without Redis a command ends with 69; with a wrong setting it ends with 78, and names the setting")
    func exitStatuses() async throws {
        let withoutRedis = ["REDIS_URL": "redis://127.0.0.1:\(try freePort())"]
        for arguments in [["queue"], ["queue", "dead"], ["queue", "retry", "--all"], ["queue", "drop", "x"]] {
            let process = try ChildProcess(CommandLineTool.path, arguments, environment: withoutRedis)
            #expect(try await process.waitForExit() == 69)
            #expect(process.log.hasPrefix("postern: Redis is unavailable: "))
        }
        let wrong: [([String], [String: String], String)] = [
            (["queue"], ["REDIS_URL": "http://x"], "REDIS_URL must start with"),
            (["send"], ["REDIS_URL": "redis://x"], "POSTERN_SECRET_KEYS must be set"),
            (
                ["send"], ["REDIS_URL": "redis://x", "POSTERN_SECRET_KEYS": Handler.secretKey],
                "POSTERN_MAIL_URL must be set"
            ),
            (
                ["smtp-test", "--to", "a@example.com"], ["POSTERN_MAIL_URL": "smtp://user@host"],
                "POSTERN_MAIL_URL must have both a user and a password"
            ),
            (
                ["smtp-test", "--to", "a@example.com"],
                ["POSTERN_MAIL_URL": "smtp://localhost", "POSTERN_MAIL_FROM": "Portal"],
                "POSTERN_MAIL_FROM must be an email address"
            ),
        ]
        for (arguments, environment, line) in wrong {
            let process = try ChildProcess(CommandLineTool.path, arguments, environment: environment)
            #expect(try await process.waitForExit() == 78)
            #expect(process.log.hasPrefix("postern: \(line)"), "\(process.log)")
        }
    }

    @Test("postern smtp-test shows each step, and its failures have stable codes")
    func smtpTest() async throws {
        let server = try await ScriptedSMTPServer(
            .init { point in
                switch point.moment {
                case .connect: .reply("220 mx\u{1B}]0;title\u{7}.test \u{202E}ESMTP")
                case .recipient where point.line.contains("gone@"): .reply("550 5.1.1 no \u{1B}[2Jsuch user")
                default: nil
                }
            })
        let environment = [
            "POSTERN_MAIL_URL": "smtp://localhost:\(server.port)", "POSTERN_MAIL_FROM": "Portal <a@example.com>",
        ]
        let good = try await CommandLineTool.run("smtp-test", "--to", "ada@example.com", environment: environment)
        #expect(good.status == 0)
        for line in ["-> MAIL FROM:<a@example.com>", "-> RCPT TO:<ada@example.com>", "-> DATA", "<- 354", "<- 250"] {
            #expect(good.output.contains(line), "\(good.output)")
        }
        #expect(server.messages.count == 1)
        // The server controls no terminal.
        #expect(!good.output.contains("\u{1B}") && !good.output.contains("\u{202E}"))
        let refused = try await CommandLineTool.run(
            "smtp-test", "--to", "gone@example.com", "--json", environment: environment)
        #expect(refused.status == 1)
        #expect(refused.output.contains(#""outcome":"permanent","code":"recipient_refused""#))
        #expect(refused.output.contains("\npostern: recipient_refused: the server answered 550 5.1.1"))
        let authority = try CertificateAuthority()
        let wrongHost = try await ScriptedSMTPServer(.init(tls: .startTLS(try authority.issue(for: ["example.org"]))))
        let silent = try await ScriptedSMTPServer(.init(at: .hello, .silence))
        for (port, code) in [
            (server.port, "starttls_unsupported"), (wrongHost.port, "certificate_invalid"), (silent.port, "timeout"),
        ] {
            let (status, output) = try await CommandLineTool.run(
                "smtp-test", "--to", "ada@example.com",
                environment: environment.merging([
                    "POSTERN_MAIL_URL": "smtp://user:secret@localhost:\(port)", "POSTERN_MAIL_TIMEOUT": "1s",
                    "SSL_CERT_FILE": authority.certificate,
                ]) { _, own in own })
            #expect(status == 1)
            #expect(output.contains("\npostern: \(code): "), "\(output)")
            #expect(!output.contains("secret"))
        }
    }

    @Test("postern smtp-test names a refused connection")
    func refusedConnection() async throws {
        let (status, output) = try await CommandLineTool.run(
            "smtp-test", "--to", "ada@example.com",
            environment: [
                "POSTERN_MAIL_URL": "smtp://localhost:\(try freePort())", "POSTERN_MAIL_FROM": "Portal <a@example.com>",
            ])
        #expect(status == 1)
        #expect(output.contains("\npostern: connection_refused: "))
    }

    @Test("--version prints version, commit and compiler", arguments: ["postern", "postern-handler"])
    func version(program: String) async throws {
        let path = Handler.repository.appendingPathComponent(".build/postern/bin/\(program)").path
        let process = try ChildProcess(path, ["--version"])
        #expect(try await process.waitForExit() == 0)
        // A tree without a repository has no commit.
        let isRepository = FileManager.default.fileExists(
            atPath: Handler.repository.appendingPathComponent(".git").path)
        let commit = isRepository ? "[0-9a-f]{12}( with changes)?" : "unknown commit"
        let line = try Regex("\(program) [0-9]\\S* \\(\(commit), Swift 6\\.[0-9.]+\\)\n")
        #expect(process.log.wholeMatch(of: line) != nil, "\(process.log)")
    }

    @Test("the first log line of handler and worker has the version")
    func starting() async throws {
        let queue = try await Queue()
        let worker = try await Worker(redis: queue.redis.address, mail: "smtp://localhost:1")
        for log in [queue.handler.process.log, worker.process.log] {
            let first = log.prefix { $0 != "\n" }
            #expect(first.contains(#""message":"starting""#), "\(first)")
            #expect(first.contains(", Swift 6."), "\(first)")
        }
    }
}
