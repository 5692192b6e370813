import Platform
import Testing
import TestSupport

@Suite
struct DeliveryTests {
    @Test("the email reaches the server in the language of the request, with the token of the stored record")
    func delivered() async throws {
        let queue = try await Queue()
        let server = try await ScriptedSMTPServer()
        let worker = try await Worker(
            redis: queue.redis.address, mail: "smtp://localhost:\(server.port)", ["POSTERN_PRODUCT_NAME": "Acme"])
        #expect(
            try queue.handler.signIn(
                #"{"email":"Ada@Example.com","callback_next":"/invoices"}"#,
                fields: "Origin: https://example.com\r\nAccept-Language: fr;q=0.5, de-AT\r\n"
            ).status == 200)
        try await eventually("the email to arrive") { server.messages.count == 1 }
        let message = server.messages[0]
        #expect(message.sender == "sign-in@example.com")
        #expect(message.recipients == ["ada@example.com"])
        #expect(message.text.contains("Content-Language: de\r\n"))
        let token = try #require(message.tokens.first)
        #expect(try queue.redis.command("EXISTS", linksKey(of: token)) == "1")
        try await queue.becomes([0, 0, 0])
        #expect(try await worker.stop() == 0)
        // The consumer has left the group, and the log contains neither address nor token.
        #expect(try queue.redis.command("XINFO", "CONSUMERS", "postern:mail", "senders") == "")
        #expect(worker.process.log.contains("\"outcome\":\"delivered\""))
        #expect(!worker.process.log.contains("ada@example.com"))
        #expect(!worker.process.log.contains(token))
    }

    @Test("on SIGTERM a worker finishes its deliveries, leaves all other jobs, and ends with status 0")
    func drained() async throws {
        let queue = try await Queue()
        // Each delivery takes two seconds at its end, so that some are in progress.
        let server = try await ScriptedSMTPServer(
            .init(at: .content, .delayedReply("250 2.0.0 taken", by: .seconds(2))))
        let worker = try await Worker(
            redis: queue.redis.address, mail: "smtp://localhost:\(server.port)",
            ["POSTERN_MAIL_CONCURRENCY": "2", "POSTERN_MAIL_TIMEOUT": "10s"])
        for _ in 0..<6 { #expect(try queue.handler.signIn().status == 200) }
        try await eventually("two deliveries in progress") { server.commands.filter { $0 == "DATA" }.count == 2 }
        #expect(try await worker.stop() == 0)
        #expect(server.messages.count == server.messages.count { $0.isAccepted })
        // Only those two were delivered.
        #expect(server.messages.count == 2, "\(worker.process.log)")
        #expect(try queue.lengths() == [4, 0, 0])
        let pending = try queue.redis.command("XPENDING", "postern:mail", "senders")
        #expect(pending.hasPrefix("0"), "nothing is left pending: \(pending)")
    }

    @Test(
        "while the mail server is down, jobs wait without using up attempts, and are delivered when it is up"
    )
    func outage() async throws {
        let queue = try await Queue()
        let port = try freePort()
        let worker = try await Worker(redis: queue.redis.address, mail: "smtp://localhost:\(port)")
        for _ in 0..<50 { #expect(try queue.handler.signIn().status == 200) }
        try await eventually("the breaker") { worker.process.log.contains("mail_server_unavailable") }
        #expect(try queue.redis.command("XLEN", "postern:mail:dead") == "0")
        let server = try await ScriptedSMTPServer(port: port)
        try await eventually(within: .seconds(60), "all emails to arrive") { server.messages.count == 50 }
        try await queue.becomes([0, 0, 0])
        #expect(worker.process.log.contains("mail_server_available"))
        // Failures to connect do not count as attempts.
        #expect(!worker.process.log.contains("\"attempt\":\"2\""))
    }

    @Test("a temporary refusal is retried later; a permanent one becomes a dead letter with the reply's codes")
    func refusals() async throws {
        let queue = try await Queue()
        let server = try await ScriptedSMTPServer(
            .init { point in
                guard point.moment == .recipient else { return nil }
                if point.line.contains("gone@") { return .reply("550 5.1.1 no such user gone@example.com") }
                return point.line.contains("full@") && point.message < 3 ? .reply("452 4.2.2 full") : nil
            })
        let worker = try await Worker(redis: queue.redis.address, mail: "smtp://localhost:\(server.port)")
        #expect(try queue.handler.signIn(#"{"email":"full@example.com"}"#).status == 200)
        try await queue.becomes([0, 1, 0])
        #expect(try queue.handler.signIn(#"{"email":"gone@example.com"}"#).status == 200)
        try await queue.becomes([0, 1, 1])
        let dead = try await CommandLineTool.run(
            "queue", "dead", "--json", environment: ["REDIS_URL": queue.redis.address])
        #expect(dead.status == 0)
        #expect(dead.output.contains(#""reason":"rejected","attempts":1,"code":550,"status":"5.1.1","kept":true"#))
        try await eventually(within: .seconds(30), "the second attempt") { server.messages.count == 1 }
        #expect(server.messages[0].recipients == ["full@example.com"])
        try await queue.becomes([0, 0, 1])
        #expect(!worker.process.log.contains("gone@"), "the text of a server's reply is not logged")
    }

    @Test("a link that expired in the queue is not sent")
    func expired() async throws {
        let redis = try await RedisServer()
        try redis.addJob(issuedAt: .now() + .seconds(-901), lifetime: .seconds(900))
        let server = try await ScriptedSMTPServer()
        let worker = try await Worker(redis: redis.address, mail: "smtp://localhost:\(server.port)")
        try await eventually("the job to become a dead letter") {
            try redis.command("XLEN", "postern:mail:dead") == "1"
        }
        #expect(server.connectionCount == 0)
        #expect(worker.process.log.contains("\"reason\":\"expired\""))
        let entry = try redis.command("--raw", "XRANGE", "postern:mail:dead", "-", "+")
        #expect(entry.split(separator: "\n").contains("job"), "the dead letter keeps the job: a clock may be wrong")
    }
}
