import MailMessage
import MailQueue
import Net
import Platform
import Telemetry
import TestSupport
import Testing

@testable import Delivery

@Suite(.timeLimit(.minutes(1)))
struct JobDeliveryTests {
    typealias QueueContent = WorkerHarness.QueueContent

    private static let greylisted = DeliveryFailure(
        .recipientRefused, reply: Reply(code: 451, enhancedStatus: "4.7.1"), detail: "451 4.7.1 come back later")
    private static let unknownMailbox = DeliveryFailure(
        .recipientRefused, reply: Reply(code: 550, enhancedStatus: "5.1.1"), detail: "550 5.1.1 no such user")
    private static let replyLost = DeliveryFailure(.replyLost, detail: "no reply to the final dot")
    private static let unreachable = DeliveryFailure(.connectionRefused, detail: "connection refused")

    @Test("a delivered job leaves the queue")
    func delivered() async throws {
        let harness = try await WorkerHarness()
        let job = try WorkerHarness.job()
        await harness.delivery.run(try await harness.claimed(job))
        #expect(try await harness.queueContent() == QueueContent())
        let messages = harness.transport.messages
        #expect(messages.map(\.id) == [job.id])
        #expect(messages.map { $0.recipients.map(\.text) } == [[WorkerHarness.address]])
        #expect(messages.map(\.sender.text) == ["sign-in@example.com"])
        #expect(harness.metrics.delivered.value == 1)
    }

    @Test("a job that is refused permanently is dead-lettered with the server's reply codes")
    func permanent() async throws {
        let harness = try await WorkerHarness()
        harness.transport.script([.permanent(JobDeliveryTests.unknownMailbox)])
        let job = try WorkerHarness.job()
        await harness.delivery.run(try await harness.claimed(job))
        let dead = [
            "id": job.id, "v": "2", "key": "k1", "job": "kept", "reason": "rejected", "attempts": "1", "code": "550",
            "status": "5.1.1",
        ]
        #expect(try await harness.queueContent() == QueueContent(deadLetters: [dead]))
        #expect(harness.transport.messages.count == 1)
        #expect(harness.metrics.permanent.value == 1)
        #expect(harness.metrics.deadLetters[.rejected]?.value == 1)
    }

    /// Outcomes after which a job is retried, the attempts that count, and the range of the delay in milliseconds.
    static let retried: [(DeliveryOutcome, Int, ClosedRange<Int>)] = [
        (.transient(greylisted), 1, 3000...6000),
        (.transient(DeliveryFailure(.timeout, detail: "nothing came")), 1, 3000...6000),
        (.ambiguous(replyLost), 1, 3000...6000),
        (.unavailable(unreachable), 0, 600...2400),
        (
            .unavailable(DeliveryFailure(.authenticationFailed, reply: Reply(code: 535), detail: "535 no")), 0,
            600...2400
        ),
    ]

    @Test(
        "a job that may be delivered later is moved to the retries, with its attempts",
        arguments: JobDeliveryTests.retried)
    func retryLater(outcome: DeliveryOutcome, attempts: Int, milliseconds: ClosedRange<Int>) async throws {
        let harness = try await WorkerHarness()
        harness.transport.script([outcome])
        let job = try WorkerHarness.job()
        await harness.delivery.run(try await harness.claimed(job))
        #expect(try await harness.queueContent() == QueueContent(retries: ["2 \(attempts) \(job.id) k1"]))
        // The lower bound is below the shortest delay, because a busy machine may reach this line late.
        let delay = try await harness.retryDelay()
        #expect(delay >= .milliseconds(milliseconds.lowerBound))
        #expect(delay <= .milliseconds(milliseconds.upperBound))
    }

    @Test(
        "a retried message is the same, byte for byte, with the same Message-ID",
        arguments: JobDeliveryTests.retried)
    func sameMessage(outcome: DeliveryOutcome, attempts: Int, milliseconds: ClosedRange<Int>) async throws {
        let harness = try await WorkerHarness()
        harness.transport.script([outcome, outcome])
        let job = try WorkerHarness.job()
        var claimed = try await harness.claimed(job)
        for count in 0..<3 {
            #expect(claimed.attempts == attempts * count)
            await harness.delivery.run(claimed)
            harness.time.update { $0 = $0 + .seconds(60) }
            if count < 2 { claimed = try await harness.claimRetry(job.id) }
        }
        #expect(try await harness.queueContent() == QueueContent())
        let contents = harness.transport.messages.map(\.content)
        #expect(contents.count == 3)
        #expect(contents.allSatisfy { $0 == contents.first })
        let text = String(decoding: contents.first ?? [], as: UTF8.self)
        let named = text.split(separator: "\r\n").filter { $0.hasPrefix("Message-ID:") }.map { String($0) }
        #expect(named == ["Message-ID: <\(job.id)@example.com>"])
    }

    @Test("only attempts that count are added up from one claim to the next")
    func attemptsAddUp() async throws {
        let harness = try await WorkerHarness()
        harness.transport.script([
            .transient(JobDeliveryTests.greylisted), .unavailable(JobDeliveryTests.unreachable),
            .ambiguous(JobDeliveryTests.replyLost), .permanent(JobDeliveryTests.unknownMailbox),
        ])
        let job = try WorkerHarness.job()
        await harness.delivery.run(try await harness.claimed(job))
        for _ in 0..<3 { await harness.delivery.run(try await harness.claimRetry(job.id)) }
        #expect(try await harness.queueContent().deadLetters.map { $0["attempts"] } == ["3"])
    }

    @Test("a message whose final reply was lost three times is not sent again")
    func unconfirmed() async throws {
        let harness = try await WorkerHarness()
        harness.transport.script(Array(repeating: .ambiguous(JobDeliveryTests.replyLost), count: 3))
        let job = try WorkerHarness.job()
        await harness.delivery.run(try await harness.claimed(job))
        for _ in 0..<2 { await harness.delivery.run(try await harness.claimRetry(job.id)) }
        let dead = ["id": job.id, "v": "2", "key": "k1", "job": "kept", "reason": "unconfirmed", "attempts": "3"]
        #expect(try await harness.queueContent() == QueueContent(deadLetters: [dead]))
        #expect(Set(harness.transport.messages.map(\.content)).count == 1)
        #expect(harness.transport.messages.count == 3)
    }

    // MARK: - Expiry

    @Test(
        "an expired job is not sent, and its dead letter holds it, as a clock may have been wrong",
        arguments: [0, 1, 3_600_000])
    func expired(late milliseconds: Int) async throws {
        let harness = try await WorkerHarness()
        let job = try WorkerHarness.job()
        harness.time.value = job.expiresAt + .milliseconds(milliseconds)
        await harness.delivery.run(try await harness.claimed(job))
        #expect(harness.transport.messages.isEmpty)
        #expect(
            try await harness.queueContent()
                == QueueContent(
                    deadLetters: [
                        ["id": job.id, "v": "2", "key": "k1", "job": "kept", "reason": "expired", "attempts": "0"]
                    ]))
        #expect(harness.metrics.deadLetters[.expired]?.value == 1)
    }

    @Test("a job is still delivered a millisecond before it expires")
    func notExpired() async throws {
        let harness = try await WorkerHarness()
        let job = try WorkerHarness.job()
        harness.time.value = UnixTime(milliseconds: job.expiresAt.milliseconds - 1)
        await harness.delivery.run(try await harness.claimed(job))
        #expect(harness.transport.messages.count == 1)
        #expect(try await harness.queueContent() == QueueContent())
    }

    static let tooLate: [(DeliveryOutcome, [String: String])] = [
        (.transient(greylisted), ["reason": "expired", "attempts": "1", "code": "451", "status": "4.7.1"]),
        (.ambiguous(replyLost), ["reason": "expired", "attempts": "1"]),
        (.unavailable(unreachable), ["reason": "expired", "attempts": "0"]),
    ]

    @Test(
        "a job whose retry would be due after it expires is dead-lettered with the job",
        arguments: JobDeliveryTests.tooLate)
    func tooLateToRetry(outcome: DeliveryOutcome, expected: [String: String]) async throws {
        let harness = try await WorkerHarness()
        harness.transport.script([outcome])
        let job = try WorkerHarness.job()
        harness.time.value = UnixTime(milliseconds: job.expiresAt.milliseconds - 1000)
        await harness.delivery.run(try await harness.claimed(job))
        #expect(harness.transport.messages.count == 1)
        let dead = expected.merging(["id": job.id, "v": "2", "key": "k1", "job": "kept"]) { _, other in other }
        #expect(try await harness.queueContent() == QueueContent(deadLetters: [dead]))
    }

    // MARK: - Poison

    @Test("a job that was claimed too often is dead-lettered without an attempt", arguments: [6, 7, 1000])
    func poison(claims: Int) async throws {
        let harness = try await WorkerHarness()
        let job = try WorkerHarness.job()
        let claimed = try await harness.claimed(job)
        await harness.delivery.run(
            ClaimedJob(entry: claimed.entry, job: claimed.job, attempts: 2, claims: claims))
        #expect(harness.transport.messages.isEmpty)
        let dead = ["id": job.id, "v": "2", "key": "k1", "job": "kept", "reason": "poison", "attempts": "2"]
        #expect(try await harness.queueContent() == QueueContent(deadLetters: [dead]))
        #expect(harness.metrics.deadLetters[.poison]?.value == 1)
    }

    @Test("a job is delivered at up to five claims", arguments: 1...5)
    func notPoison(claims: Int) async throws {
        let harness = try await WorkerHarness()
        let claimed = try await harness.claimed(try WorkerHarness.job())
        await harness.delivery.run(
            ClaimedJob(entry: claimed.entry, job: claimed.job, attempts: 0, claims: claims))
        #expect(harness.transport.messages.count == 1)
        #expect(try await harness.queueContent() == QueueContent())
    }
}
