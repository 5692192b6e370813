import Foundation
import Testing
import TestSupport

@Suite
struct WorkerFaultTests {
    @Test("although four workers are killed at random, 10,000 jobs are all delivered, with few duplicates per kill")
    func kills() async throws {
        let queue = try await Queue()
        let server = try await ScriptedSMTPServer()
        let count = 10_000
        #expect(try queue.handler.flood(requests: count) == 0)
        let concurrency = 8
        let mail = "smtp://localhost:\(server.port)"
        let settings = ["POSTERN_MAIL_CONCURRENCY": "\(concurrency)", "POSTERN_MAIL_TIMEOUT": "1s"]
        var workers = try (0..<4).map { _ in try Worker.start(redis: queue.redis.address, mail: mail, settings) }
        var generator = SeededGenerator(seed: 20)
        var kills = 0
        while kills < 40 {
            try await Task.sleep(for: .milliseconds(Int.random(in: 20...120, using: &generator)))
            let index = Int.random(in: workers.indices, using: &generator)
            workers[index].kill()
            kills += 1
            workers[index] = try Worker.start(redis: queue.redis.address, mail: mail, settings)
        }
        try await queue.becomes([0, 0, 0], within: .seconds(120))
        for worker in workers {
            worker.signal(SIGTERM)
            #expect(try await worker.waitForExit() == 0)
        }
        var deliveries: [String: Int] = [:]
        for message in server.messages where message.isAccepted {
            deliveries[message.field("Message-ID") ?? "none", default: 0] += 1
        }
        #expect(deliveries.count == count)
        let duplicates = deliveries.values.reduce(0) { $0 + $1 - 1 }
        #expect(duplicates <= kills * concurrency)
        print("kills \(kills), jobs \(count), delivered \(deliveries.count), duplicates \(duplicates)")
    }

    @Test("after a restart of Redis with its append-only file, workers continue, and no job is lost")
    func restart() async throws {
        let queue = try await Queue(redisArguments: ["--appendonly", "yes", "--appendfsync", "always"])
        let server = try await ScriptedSMTPServer()
        let worker = try await Worker(redis: queue.redis.address, mail: "smtp://localhost:\(server.port)")
        let other = try await Worker(redis: queue.redis.address, mail: "smtp://localhost:\(server.port)")
        #expect(try queue.handler.flood(requests: 300) == 0)
        queue.redis.stop()
        try await queue.redis.start()
        try await eventually("all emails to arrive") {
            Set(server.messages.compactMap { $0.field("Message-ID") }).count == 300
        }
        try await queue.becomes([0, 0, 0])
        for each in [worker, other] { #expect(try await each.stop() == 0) }
    }

    @Test("after Redis has lost its data and the consumer group, new jobs are delivered")
    func flushed() async throws {
        let queue = try await Queue()
        let server = try await ScriptedSMTPServer()
        let worker = try await Worker(redis: queue.redis.address, mail: "smtp://localhost:\(server.port)")
        #expect(try queue.handler.signIn().status == 200)
        try await eventually("the first email to arrive") { server.messages.count == 1 }
        try queue.redis.command("FLUSHALL")
        #expect(try queue.handler.signIn().status == 200)
        try await eventually("the second email to arrive") { server.messages.count == 2 }
        try await queue.becomes([0, 0, 0])
        #expect(worker.process.isRunning)
    }

    @Test("after Redis has lost its scripts, jobs are still delivered")
    func scriptFlush() async throws {
        let queue = try await Queue()
        let server = try await ScriptedSMTPServer()
        let worker = try await Worker(redis: queue.redis.address, mail: "smtp://localhost:\(server.port)")
        for number in 1...3 {
            try queue.redis.command("SCRIPT", "FLUSH")
            #expect(try queue.handler.signIn().status == 200)
            try await eventually("email \(number) to arrive") { server.messages.count == number }
            try await queue.becomes([0, 0, 0])
        }
        #expect(worker.process.isRunning)
    }

    @Test("after Redis was frozen for 10 seconds during deliveries, workers continue")
    func frozen() async throws {
        let queue = try await Queue()
        let server = try await ScriptedSMTPServer(
            .init(at: .content, .delayedReply("250 2.0.0 taken", by: .milliseconds(50))))
        let worker = try await Worker(redis: queue.redis.address, mail: "smtp://localhost:\(server.port)")
        let other = try await Worker(redis: queue.redis.address, mail: "smtp://localhost:\(server.port)")
        #expect(try queue.handler.flood(requests: 400) == 0)
        try await eventually("some emails to arrive") { server.messages.count > 20 }
        queue.redis.freeze()
        try await Task.sleep(for: .seconds(10))  // The duration of the outage.
        queue.redis.thaw()
        try await queue.becomes([0, 0, 0])
        #expect(Set(server.messages.compactMap { $0.field("Message-ID") }).count == 400)
        for each in [worker, other] {
            #expect(try await each.stop() == 0)
            #expect(each.process.log.contains("redis_available"))
        }
    }

    @Test("if Redis is absent at the start, the worker waits for it")
    func absent() async throws {
        let queue = try await Queue()
        let server = try await ScriptedSMTPServer()
        queue.redis.stop()
        let worker = try await Worker(redis: queue.redis.address, mail: "smtp://localhost:\(server.port)")
        try await eventually("the outage to be logged") { worker.process.log.contains("redis_unavailable") }
        try await queue.redis.start()
        try await eventually("the handler to serve") { try queue.handler.signIn().status == 200 }
        try await eventually("the email to arrive") { server.messages.count == 1 }
    }

    @Test("a job that was claimed five times without success becomes a dead letter, and other jobs are delivered")
    func poison() async throws {
        let queue = try await Queue()
        let server = try await ScriptedSMTPServer(
            .init { $0.moment == .recipient && $0.line.contains("poison@") ? .silence : nil })
        let settings = ["POSTERN_MAIL_TIMEOUT": "1s", "POSTERN_REDIS_TIMEOUT": "100ms"]
        #expect(try queue.handler.signIn(#"{"email":"poison@example.com"}"#).status == 200)
        // The state after a crashed worker: claimed five times, and idle for an hour.
        try queue.redis.command("XGROUP", "CREATE", "postern:mail", "senders", "0")
        try queue.redis.command("XREADGROUP", "GROUP", "senders", "gone", "STREAMS", "postern:mail", ">")
        let entry = try queue.redis.command("--raw", "XRANGE", "postern:mail", "-", "+").split(separator: "\n")[0]
        try queue.redis.command(
            "XCLAIM", "postern:mail", "senders", "gone", "0", String(entry), "IDLE", "3600000", "RETRYCOUNT", "5")
        #expect(try queue.handler.signIn().status == 200)
        let worker = try await Worker(
            redis: queue.redis.address, mail: "smtp://localhost:\(server.port)", settings)
        try await queue.becomes([0, 0, 1])
        #expect(worker.process.log.contains("\"reason\":\"poison\""))
        #expect(server.messages.map(\.recipients) == [["ada@example.com"]])
    }
}
