import MailQueue
import Platform
import TestSupport
import Testing

@testable import Delivery

/// Servers that refuse a client late, and refusals of which it is open whom they concern.
@Suite(.timeLimit(.minutes(2)))
struct ClientRefusalTests {
    typealias Moment = ScriptedSMTPServer.Moment

    struct Refusal: Sendable, CustomTestStringConvertible {
        let moment: Moment
        let reply: String
        var testDescription: String { "\(reply) at \(moment)" }

        init(_ moment: Moment, _ reply: String) {
            (self.moment, self.reply) = (moment, reply)
        }
    }

    static let refusals = [
        Refusal(.content, "550 5.4.5 Daily user sending limit exceeded"),
        Refusal(.recipient, "504 5.5.2 <door>: Helo command rejected: need fully-qualified hostname"),
        Refusal(.recipient, "554 5.7.1 <x>: Relay access denied"),
        Refusal(.recipient, "554 5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org"),
        Refusal(.recipient, "530 5.7.0 Authentication required"), Refusal(.recipient, "535 5.7.8 No"),
        Refusal(.data, "554 5.7.8 Credentials have expired"),
        Refusal(.content, "452 4.3.1 Insufficient system resources"),
        // Nothing but the number of recipients tells that these are about the client.
        Refusal(.recipient, "550 No"), Refusal(.recipient, "571 Delivery not authorized"),
        Refusal(.content, "554 5.7.1 Message refused"), Refusal(.content, "550 5.7.26 DMARC"),
    ]

    @Test(
        "while a server refuses the client, the worker pauses and says why, and no job is lost",
        arguments: ClientRefusalTests.refusals)
    func nothingLost(refusal: Refusal) async throws {
        let harness = try await WorkerHarness()
        let isRefusing = Mutexed(true)
        let server = try await ScriptedSMTPServer(
            .init { isRefusing.value && $0.moment == refusal.moment ? .reply(refusal.reply) : nil })
        let addresses = (1...20).map { "person\($0)@customer\($0 % 3).example" }
        try await harness.queue(addresses)
        let worker = RunningWorker(on: harness, to: server, concurrency: 2)
        try await eventually("a pause") { harness.log.lines(of: "mail_server_unavailable").count >= 2 }
        let reply = refusal.reply.split(separator: " ")[0]
        #expect(harness.log.lines(of: "mail_server_unavailable").allSatisfy { $0.contains("reply=\(reply)") })
        isRefusing.value = false
        try await eventually(within: .seconds(30), "all email") {
            Set(server.acceptedRecipients) == Set(addresses)
        }
        await worker.stop()
        #expect(try await harness.queueContent().deadLetters.isEmpty)
        #expect(harness.log.lines(of: "mail_server_available").count >= 1)
        #expect(server.acceptedRecipients.count == addresses.count)
    }

    @Test("the log has the server's words, without an address")
    func words() async throws {
        let harness = try await WorkerHarness()
        let server = try await ScriptedSMTPServer(
            .init { point in
                guard point.moment == .recipient else { return nil }
                let address = point.line.split(separator: "<")[1].split(separator: ">")[0]
                return .reply("554 5.7.1 <\(address)>: Relay access denied for \(address.split(separator: "@")[0])")
            })
        try await harness.queue((1...4).map { "lovelace\($0)@customer.example" })
        let worker = RunningWorker(on: harness, to: server)
        try await eventually("a pause") { !harness.log.lines(of: "mail_server_unavailable").isEmpty }
        await worker.stop()
        let line = try #require(harness.log.lines(of: "mail_server_unavailable").first)
        #expect(line.contains("code=service_unavailable"))
        #expect(line.contains("words=5.7.1 Relay access denied for"))
        #expect(!harness.log.text.contains("lovelace") && !harness.log.text.contains("customer"))
    }

    // MARK: - Refusals of one recipient

    private static let policy = DeliveryOutcome.permanent(
        DeliveryFailure(
            .recipientRefused, reply: Reply(code: 550, enhancedStatus: "5.7.1"), detail: "550 5.7.1", stage: .email,
            subject: .unclear))

    /// Makes attempts to deliver a job until it is a dead letter, at most ten, each after other outcomes of new jobs.
    private func attempts(_ harness: WorkerHarness, with others: [DeliveryOutcome]) async throws -> Int {
        let job = try WorkerHarness.job()
        for attempt in 1...10 {
            harness.transport.script([ClientRefusalTests.policy])
            await harness.delivery.run(
                attempt == 1 ? try await harness.claimed(job) : try await harness.claimRetry(job.id))
            if try await !harness.queueContent().deadLetters.isEmpty { return attempt }
            for (number, outcome) in others.enumerated() {
                harness.transport.script([outcome])
                let other = try WorkerHarness.job(to: "other\(number)@customer.example")
                await harness.delivery.run(try await harness.claimed(other))
            }
        }
        return .max
    }

    @Test("a job that is refused alone by a policy is dead-lettered at its fourth attempt")
    func alone() async throws {
        let harness = try await WorkerHarness()
        #expect(try await attempts(harness, with: []) == 4)
        let dead = try await harness.queueContent().deadLetters
        #expect(dead.first?["reason"] == "rejected" && dead.first?["status"] == "5.7.1")
        #expect(harness.log.lines(of: "mail_server_unavailable").isEmpty)
    }

    @Test("it is dead-lettered at its second attempt if other email was accepted meanwhile")
    func confirmed() async throws {
        #expect(try await attempts(try await WorkerHarness(), with: [.delivered(nil)]) == 2)
    }

    @Test("it is not dead-lettered while other recipients are refused alike")
    func several() async throws {
        let harness = try await WorkerHarness()
        let policy = ClientRefusalTests.policy
        #expect(try await attempts(harness, with: [policy, policy]) == .max)
        #expect(!harness.log.lines(of: "mail_server_unavailable").isEmpty)
    }

    @Test("a server that leaves several messages without a reply makes the worker pause, and retry later")
    func unconfirmed() async throws {
        let harness = try await WorkerHarness()
        harness.transport.script(
            Array(
                repeating: .ambiguous(DeliveryFailure(.replyLost, detail: "no reply", stage: .email)), count: 3))
        for number in 1...3 {
            let job = try WorkerHarness.job(to: "\(number)@customer.example")
            await harness.delivery.run(try await harness.claimed(job))
        }
        #expect(harness.log.lines(of: "mail_server_unavailable").count == 1)
        #expect(harness.delivery.permission != .all)
    }
}
