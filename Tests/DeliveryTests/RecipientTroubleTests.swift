import MailQueue
import Net
import Telemetry
import TestSupport
import Testing

@testable import Delivery

/// Recipients that a server refuses, or at whom it hangs up or stalls, while it accepts others.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct RecipientTroubleTests {
    typealias Action = ScriptedSMTPServer.Action
    typealias Moment = ScriptedSMTPServer.Moment

    struct Trouble: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let moment: Moment
        let action: Action

        init(_ name: String, _ moment: Moment, _ action: Action) {
            (testDescription, self.moment, self.action) = ("\(name) at \(moment)", moment, action)
        }

        /// A server with this trouble for addresses that start with `bad`.
        func server() async throws -> ScriptedSMTPServer {
            let isBad = Mutexed<[Int: Bool]>([:])
            return try await ScriptedSMTPServer(
                .init { point in
                    if point.moment == .recipient {
                        isBad.update { $0[point.connection] = point.line.contains("<bad") }
                    }
                    return point.moment == moment && isBad.value[point.connection] == true ? action : nil
                })
        }
    }

    static let troubles = [
        Trouble("421", .recipient, .replyThenClose("421 4.7.0 Try again later")),
        Trouble("421 without an end", .recipient, .reply("421 4.3.2 Not now")),
        Trouble("421", .content, .replyThenClose("421 4.7.0 Try again later")),
        Trouble("450", .recipient, .reply("450 4.2.1 Later")),
        Trouble("452", .content, .reply("452 4.3.1 Insufficient system storage")),
        Trouble("530", .recipient, .reply("530 5.7.0 Authentication required")),
        Trouble("554", .recipient, .reply("554 5.7.1 Relay access denied")),
        Trouble("550", .recipient, .reply("550 5.7.1 No")),
        Trouble("550", .content, .reply("550 5.4.5 Quota")),
        Trouble("hangs up", .recipient, .close), Trouble("resets", .recipient, .reset),
        Trouble("hangs up", .data, .close), Trouble("resets", .content, .reset), Trouble("hangs up", .content, .close),
    ]

    @Test(
        "email to others arrives within ten seconds, whatever happens at the recipients before them",
        arguments: RecipientTroubleTests.troubles)
    func others(trouble: Trouble) async throws {
        let harness = try await WorkerHarness()
        let server = try await trouble.server()
        let count = trouble.moment == .recipient ? 300 : 30
        try await harness.queue((1...count).map { "bad\($0)@domain\($0).example" })
        let good = (1...5).map { "good\($0)@customer.example" }
        try await harness.queue(good)
        let worker = RunningWorker(on: harness, to: server, concurrency: 2)
        try await eventually(within: .seconds(10), "email to the others") {
            Set(server.acceptedRecipients).isSuperset(of: good)
        }
        await worker.stop()
        #expect(try await harness.queueContent().deadLetters.isEmpty)
    }

    /// A stall, the number of slots, that of such recipients, and the priority of all email.
    static let stalls: [(Trouble, Int, Int, MailPriority)] = [
        (Trouble("stalls", .recipient, .silence), 1, 30, .high),
        (Trouble("stalls", .recipient, .silence), 8, 300, .high),
        (Trouble("stalls", .data, .silence), 2, 30, .bulk), (Trouble("stalls", .content, .silence), 1, 30, .bulk),
        (Trouble("stalls", .content, .silence), 8, 300, .high),
        (Trouble("reads nothing", .recipient, .stall), 2, 30, .high),
    ]

    @Test(
        "email to others arrives within ten seconds although a domain stalls", arguments: RecipientTroubleTests.stalls)
    func stalled(trouble: Trouble, concurrency: Int, count: Int, priority: MailPriority) async throws {
        let harness = try await WorkerHarness()
        let server = try await trouble.server()
        try await harness.queue((1...count).map { "bad\($0)@slow.example" }, priority)
        let good = (1...5).map { "good\($0)@customer.example" }
        try await harness.queue(good, priority)
        let worker = RunningWorker(on: harness, to: server, concurrency: concurrency)
        try await eventually(within: .seconds(10), "email to the others") {
            Set(server.acceptedRecipients).isSuperset(of: good)
        }
        #expect(server.openConnectionCount <= concurrency + Slots.maximumParkedCount(of: concurrency))
        #expect(harness.metrics.held.value > 0)
        #expect(harness.log.lines(of: "mail_server_unavailable").isEmpty)
        await worker.stop()
    }

    @Test("a domain that was slow is served as before once it takes an email")
    func recovered() async throws {
        let harness = try await WorkerHarness()
        let isSlow = Mutexed(true)
        let server = try await ScriptedSMTPServer(
            .init { $0.moment == .recipient && isSlow.value ? .silence : nil })
        let addresses = (1...20).map { "\($0)@slow.example" }
        try await harness.queue(addresses)
        let worker = RunningWorker(on: harness, to: server, concurrency: 4, timeout: .seconds(4))
        try await eventually(within: .seconds(20), "jobs to be held") { harness.metrics.held.value > 0 }
        isSlow.value = false
        try await eventually(within: .seconds(40), "all email") {
            Set(server.acceptedRecipients) == Set(addresses)
        }
        await worker.stop()
        #expect(server.acceptedRecipients.count == addresses.count)
    }

    @Test("recipients that the server does not know are dead-lettered at once, and others get their email")
    func unknown() async throws {
        let harness = try await WorkerHarness()
        let server = try await Trouble("", .recipient, .reply("550 5.1.1 No such user")).server()
        try await harness.queue((1...30).map { "bad\($0)@customer.example" } + ["good@customer.example"])
        let worker = RunningWorker(on: harness, to: server)
        try await eventually("the others' email") { server.acceptedRecipients == ["good@customer.example"] }
        try await eventually("the dead letters") { try await harness.queueContent().deadLetters.count == 30 }
        await worker.stop()
        let dead = try await harness.queueContent().deadLetters
        #expect(dead.allSatisfy { $0["attempts"] == "1" && $0["reason"] == "rejected" })
        #expect(harness.log.lines(of: "mail_server_unavailable").isEmpty)
    }

    @Test("a sender of its own that the server refuses holds up no other email")
    func ownSender() async throws {
        let harness = try await WorkerHarness()
        let server = try await ScriptedSMTPServer(
            .init { point in
                point.moment == .mail && point.line.contains("<billing@")
                    ? .reply("550 5.7.60 Client does not have permissions to send as this sender") : nil
            })
        let sender = Mailbox(name: nil, address: try Sample.address("billing@example.com"))
        try await harness.queue((1...30).map { "bad\($0)@customer.example" }, from: sender)
        let good = (1...5).map { "good\($0)@customer.example" }
        try await harness.queue(good)
        let worker = RunningWorker(on: harness, to: server, concurrency: 2)
        try await eventually(within: .seconds(10), "email from the deployment's sender") {
            Set(server.acceptedRecipients) == Set(good)
        }
        await worker.stop()
    }
}
