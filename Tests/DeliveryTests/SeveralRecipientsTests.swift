import MailMessage
import MailQueue
import Net
import Platform
import Telemetry
import TestSupport
import Testing

@testable import Delivery

/// Messages to several recipients: by SMTP, and what becomes of their jobs.
@Suite(.timeLimit(.minutes(2)))
struct SeveralRecipientsTests {
    private static let addresses = ["ada@example.com", "grace@example.org", "joan@example.net"]

    /// The server's replies to the three recipients, the outcome, and whether it accepted the message.
    static let replies: [([String], String, Bool)] = [
        (["250 Ok", "250 Ok", "250 Ok"], "delivered 250 2.0.0", true),
        (["250 Ok", "550 5.1.1 No", "250 Ok"], "partial 1 [] recipient_refused 550 5.1.1", true),
        (["550 5.1.1 No", "551 No", "250 Ok"], "partial 2 [] recipient_refused 551", true),
        (["250 Ok", "450 4.2.1 Later", "250 Ok"], "partial 1 [1] recipient_refused 450 4.2.1", true),
        (["452 4.2.2 Full", "250 Ok", "450 Later"], "partial 2 [0, 2] recipient_refused 450", true),
        (["550 No", "250 Ok", "450 4.2.1 Later"], "partial 2 [2] recipient_refused 450 4.2.1", true),
        (["550 5.1.1 No", "550 5.1.1 No", "550 5.1.1 No"], "permanent recipient_refused 550 5.1.1", false),
        (["450 Later", "450 Later", "452 4.2.2 Full"], "transient recipient_refused 452 4.2.2", false),
        (["450 Later", "550 5.1.1 No", "550 5.1.1 No"], "partial 3 [0] recipient_refused 550 5.1.1", false),
        // Nobody was accepted, so the refusals of unclear subject may be those of the client.
        (["550 No", "550 No", "450 Later"], "transient recipient_refused 450", false),
        (["450 Later", "550 No", "550 No"], "transient recipient_refused 550", false),
        (["550 5.1.1 No", "550 5.7.1 No", "450 Later"], "partial 3 [1, 2] recipient_refused 450", false),
        (["250 Ok", "550 5.7.1 No", "250 Ok"], "partial 1 [] recipient_refused 550 5.7.1", true),
        (["250 Ok", "530 5.7.0 Log in", "250 Ok"], "partial 1 [1] recipient_refused 530 5.7.0", true),
        // The server closes the connection at one of them, and the others get the message over the next.
        (["250 Ok", "250 Ok", "421 4.3.2 Bye"], "partial 1 [2] service_unavailable 421 4.3.2", true),
        (["421 4.3.2 Bye", "250 Ok", "250 Ok"], "partial 1 [0] service_unavailable 421 4.3.2", true),
        (["421 4.3.2 Bye", "250 Ok", "421 4.3.2 Bye"], "partial 2 [0, 2] service_unavailable 421 4.3.2", true),
        (["250 Ok", "", "550 5.1.1 No"], "partial 2 [1] recipient_refused 550 5.1.1", true),
        (["", "", ""], "transient connection_lost", false),
    ]

    @Test("each recipient is judged by its own reply", arguments: SeveralRecipientsTests.replies)
    func judged(replies: [String], expected: String, isAccepted: Bool) async throws {
        let behaviour = ScriptedSMTPServer.Behaviour { point in
            guard point.moment == .recipient,
                let index = SeveralRecipientsTests.addresses.firstIndex(where: point.line.contains)
            else { return nil }
            return switch replies[index] {
            case "": .close
            case let reply where reply.hasPrefix("421"): .replyThenClose(reply)
            case let reply: .reply(reply)
            }
        }
        let server = try await ScriptedSMTPServer(behaviour)
        let outcome = try await deliver(message(), by: SMTPTransport(port: server.port))
        #expect(outcome.summary == expected)
        #expect(server.messages.contains(where: \.isAccepted) == isAccepted)
    }

    @Test("a message that is refused after its recipients were judged is refused for all", arguments: ["450", "550"])
    func refusedContent(code: String) async throws {
        let behaviour = ScriptedSMTPServer.Behaviour { point in
            switch point.moment {
            case .recipient where point.line.contains("grace"): .reply("550 5.1.1 No")
            case .content: .reply("\(code) No")
            default: nil
            }
        }
        let server = try await ScriptedSMTPServer(behaviour)
        let outcome = try await deliver(message(), by: SMTPTransport(port: server.port))
        #expect(outcome.summary == "\(code == "450" ? "transient" : "unclear") message_refused \(code)")
    }

    @Test("recipients that a used connection refused for now get the message over a new one, at once")
    func usedConnection() async throws {
        let behaviour = ScriptedSMTPServer.Behaviour { point in
            point.moment == .recipient && point.connection == 1 && point.messageOfConnection == 2
                && point.line.contains("grace") ? .reply("452 4.5.3 Too many recipients on this connection") : nil
        }
        let server = try await ScriptedSMTPServer(behaviour)
        let transport = SMTPTransport(port: server.port)
        for _ in 1...2 { #expect(try await deliver(message(), by: transport).summary == "delivered 250 2.0.0") }
        let addresses = SeveralRecipientsTests.addresses
        #expect(server.messages.map(\.recipients) == [addresses, [addresses[0], addresses[2]], [addresses[1]]])
        #expect(server.connectionCount == 2)
    }

    private func message() throws -> MailMessage {
        try Sample.message(to: SeveralRecipientsTests.addresses)
    }

    // MARK: - Jobs

    private static let refused = DeliveryFailure(
        .recipientRefused, reply: Reply(code: 450, enhancedStatus: "4.2.1"), detail: "450 4.2.1 later")

    private func job() throws -> MailJob {
        MailJob(
            id: "0123456789abcdef0123456789abcdef",
            recipients: try SeveralRecipientsTests.addresses.map(Sample.address),
            content: .message(subject: "Hello", html: nil, text: "Hello.", headers: []), tags: ["news", "2025"],
            issuedAt: WorkerHarness.issuedAt, expiresAt: WorkerHarness.issuedAt + .seconds(900))
    }

    private func partial(_ remaining: [Int], refused count: Int) -> DeliveryOutcome {
        .partial(
            PartialDelivery(refusedCount: count, remaining: remaining, failure: SeveralRecipientsTests.refused))
    }

    @Test("a job whose other recipients were refused permanently leaves the queue, and the log counts them")
    func partlyDelivered() async throws {
        let harness = try await WorkerHarness()
        harness.transport.script([partial([], refused: 2)])
        await harness.delivery.run(try await harness.claimed(job()))
        #expect(try await harness.queueContent() == WorkerHarness.QueueContent())
        #expect(harness.metrics.partial.value == 1)
        let line = try #require(harness.log.lines(of: "mail_attempt").first)
        #expect(line.contains("outcome=partial") && line.contains("refused=2") && line.contains("recipients=3"))
        #expect(line.contains("tags=news,2025"))
        #expect(!harness.log.text.contains("@"))
    }

    @Test("recipients that were refused for now get the email later, and nobody gets it twice")
    func remaining() async throws {
        let harness = try await WorkerHarness()
        harness.transport.script([partial([0, 2], refused: 2), partial([1], refused: 1)])
        let job = try job()
        await harness.delivery.run(try await harness.claimed(job))
        #expect(try await harness.queueContent().retries == ["2 1 \(job.id) k1"])
        await harness.delivery.run(try await harness.claimRetry(job.id))
        #expect(try await harness.queueContent().retries == ["2 2 \(job.id) k1"])
        await harness.delivery.run(try await harness.claimRetry(job.id))
        #expect(try await harness.queueContent() == WorkerHarness.QueueContent())
        let addresses = SeveralRecipientsTests.addresses
        #expect(
            harness.transport.messages.map { $0.recipients.map(\.text) }
                == [addresses, [addresses[0], addresses[2]], [addresses[2]]])
        // It is the same message each time.
        #expect(Set(harness.transport.messages.map(\.content)).count == 1)
    }

    static let unfit: [(MailJob.Content, String, String)] = [
        (
            .template(name: "other", values: [], secrets: [], language: .english), "unknown_template",
            "there is no template"
        ),
        (
            .template(name: "sign-in", values: [.text("portal", "a.b")], secrets: [], language: .english),
            "missing_value", "needs"
        ),
    ]

    @Test("a job that fits no template is dead-lettered with a clear reason", arguments: SeveralRecipientsTests.unfit)
    func fitsNoTemplate(content: MailJob.Content, reason: String, words: String) async throws {
        let harness = try await WorkerHarness()
        let job = MailJob(
            id: "0123456789abcdef0123456789abcdef", recipients: [try Sample.address(WorkerHarness.address)],
            content: content, issuedAt: WorkerHarness.issuedAt, expiresAt: WorkerHarness.issuedAt + .seconds(900))
        await harness.delivery.run(try await harness.claimed(job))
        let dead = ["id": job.id, "v": "2", "key": "k1", "job": "kept", "reason": reason, "attempts": "0"]
        #expect(try await harness.queueContent() == WorkerHarness.QueueContent(deadLetters: [dead]))
        #expect(harness.transport.messages.isEmpty)
        #expect(try #require(harness.log.lines(of: "mail_not_rendered").first).contains(words))
        #expect(!harness.log.text.contains("@"))
    }
}
