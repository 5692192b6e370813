import Cryptography
import MailMessage
import MailQueue
import Net
import Redis
import Telemetry
import TestSupport
import Testing

@testable import Delivery

@Suite(.timeLimit(.minutes(1)))
struct JobDeliveryFaultTests {
    typealias QueueContent = WorkerHarness.QueueContent

    // MARK: - Unreadable jobs

    /// Seals a text as a job.
    private func sealed(_ text: String, purpose: String = "postern mail job 1") throws -> SealedMailJob {
        let ring = KeyRing(WorkerHarness.keys, purpose: purpose)
        var plaintext = Array(text.utf8)
        let box = try ring.seal(
            wiping: &plaintext, authenticating: Array("0123456789abcdef0123456789abcdef".utf8), random: .system)
        return SealedMailJob(version: 1, id: "0123456789abcdef0123456789abcdef", keyID: "k1", box: box)
    }

    private static let valid = """
        {"to":"ada@customer.example","link":"https://portal.example.com/in?token=x",\
        "origin":"https://portal.example.com","issued_at":1735689600000,"expires_at":1735690500000}
        """

    @Test("the valid job that the tests below damage is delivered")
    func readable() async throws {
        let harness = try await WorkerHarness()
        await harness.delivery.run(try await harness.claimed(try sealed(JobDeliveryFaultTests.valid)))
        #expect(harness.transport.messages.map(\.recipients[0].text) == ["ada@customer.example"])
    }

    /// A part of the valid text, and its replacement.
    static let damages: [(String, String)] = [
        (valid, ""), (valid, "{"), (valid, "[]"), (valid, "null"), (valid, "\0"), (valid, "{}"),
        (#""to":"ada@customer.example","#, ""), (#""ada@customer.example""#, "7"), ("ada@customer.example", "ada"),
        ("ada@customer.example", "ada@customer.example,eve@evil.example"), ("https://portal.example.com/in", "/in"),
        ("https://portal.example.com/in", "javascript:alert(1)"), ("token=x", "token=\\r\\nx"), ("token=x", "token=ä"),
        (#","origin":"https://portal.example.com""#, ""), (#""https://portal.example.com","#, #""portal","#),
        ("1735689600000", "-1"), ("1735689600000", "1.5"), ("1735689600000", "\"1735689600000\""),
        ("1735690500000", "1735689599999"), (#","expires_at":1735690500000"#, ""), ("1735690500000", "1e300"),
    ]

    @Test("a box without a valid job is dead-lettered as unreadable", arguments: JobDeliveryFaultTests.damages)
    func unreadable(part: String, replacement: String) async throws {
        let harness = try await WorkerHarness()
        let text = JobDeliveryFaultTests.valid.replacing(part, with: replacement)
        try #require(text != JobDeliveryFaultTests.valid)
        await harness.delivery.run(try await harness.claimed(try WorkerHarness.job()))
        await harness.delivery.run(try await harness.claimed(try sealed(text)))
        try await expectUnreadable(
            harness, ["id": "0123456789abcdef0123456789abcdef", "key": "k1", "job": "kept"], afterDeliveries: 1)
    }

    enum Damage: String, Sendable, CaseIterable {
        case emptyBox, shortBox, changedBox, otherID, otherPurpose
    }

    @Test(
        "a box that does not open with a key that opened another is dead-lettered as unreadable",
        arguments: JobDeliveryFaultTests.Damage.allCases)
    func closed(damage: Damage) async throws {
        let harness = try await WorkerHarness()
        let valid = try sealed(JobDeliveryFaultTests.valid)
        var changed = valid.box
        changed[changed.count / 2] ^= 1
        let job: SealedMailJob
        switch damage {
        case .emptyBox: job = SealedMailJob(version: 1, id: "0123456789abcdef0123456789abcdef", keyID: "k1", box: [])
        case .shortBox:
            job = SealedMailJob(
                version: 1, id: "0123456789abcdef0123456789abcdef", keyID: "k1", box: Array(valid.box.prefix(27)))
        case .changedBox:
            job = SealedMailJob(version: 1, id: "0123456789abcdef0123456789abcdef", keyID: "k1", box: changed)
        case .otherID:
            job = SealedMailJob(version: 1, id: "fedcba9876543210fedcba9876543210", keyID: "k1", box: valid.box)
        case .otherPurpose: job = try sealed(JobDeliveryFaultTests.valid, purpose: "another")
        }
        await harness.delivery.run(try await harness.claimed(try WorkerHarness.job()))
        await harness.delivery.run(try await harness.claimed(job))
        try await expectUnreadable(
            harness, ["id": job.id, "key": job.keyID, "job": "kept"], afterDeliveries: 1)
    }

    /// Jobs of keys that the worker lacks, and of keys that differ from its own of the same name.
    static let foreignKeys = [("k1", UInt8(7)), ("k9", UInt8(7))]

    @Test(
        "a worker whose key differs or is missing keeps all jobs, pauses and names the setting", arguments: foreignKeys)
    func wrongKey(keyID: String, seed: UInt8) async throws {
        let harness = try await WorkerHarness()
        let key = KeyRing.Entry(id: keyID, key: Secret(copying: [UInt8](seed..<seed + 32)))
        let ring = KeyRing([key], purpose: MailJob.sealingPurpose)
        for _ in 0..<20 {
            let job = try WorkerHarness.job().sealed(by: ring, random: .system)
            await harness.delivery.run(try await harness.claimed(job))
        }
        let content = try await harness.queueContent()
        #expect(content.deadLetters == [])
        #expect(content.retries.count == 20)
        #expect(harness.transport.messages.isEmpty)
        #expect(harness.delivery.permission != .all)
        let lines = harness.log.lines(of: "secret_key_differs")
        #expect(lines.first?.contains("POSTERN_SECRET_KEYS of this worker") == true)
        #expect(lines.first?.contains(keyID) == true)
        #expect(harness.log.lines(of: "mail_dead_lettered").isEmpty)
        // With the right key, they are delivered: here by a job of the worker's own key, which ends the pause.
        await harness.delivery.run(try await harness.claimed(try WorkerHarness.job()))
        #expect(harness.delivery.permission == .all)
    }

    @Test("a job that no key opens is given up after eight days of attempts")
    func neverOpened() async throws {
        let harness = try await WorkerHarness()
        let sealed = try WorkerHarness.job().sealed(by: try WorkerHarness.ring(), random: .system)
        let job = SealedMailJob(version: 2, id: sealed.id, keyID: "k9", box: sealed.box)
        let claimed = try await harness.claimed(job)
        let last = JobDelivery.maximumUnopenedAttempts
        await harness.delivery.run(
            ClaimedJob(entry: claimed.entry, job: job, attempts: last, claims: 1))
        #expect(try await harness.queueContent().deadLetters.map { $0["reason"] } == ["unreadable"])
    }

    @Test("an entry that is not a job is dead-lettered as unreadable, without a job")
    func foreign() async throws {
        let harness = try await WorkerHarness()
        _ = try await harness.redis.send(RedisCommand("XADD", "postern:mail", "*", "v", "1", "job", "box"))
        await harness.delivery.run(try await harness.claimNext())
        try await expectUnreadable(harness, [:])
    }

    @Test("an entry of another version is left for workers that know it", arguments: ["3", "", "01"])
    func laterVersion(version: String) async throws {
        let harness = try await WorkerHarness()
        let job = try WorkerHarness.job().sealed(by: try WorkerHarness.ring(), random: .system)
        var command = RedisCommand("XADD", "postern:mail", "*", "v", version, "id", job.id, "key", "k1", "job")
        command.append(job.box)
        _ = try await harness.redis.send(command)
        await harness.delivery.run(try await harness.claimNext())
        #expect(try await harness.queueContent() == QueueContent(queued: 1))
        #expect(harness.transport.messages.isEmpty)
        #expect(harness.log.lines(of: "mail_released").count == 1)
    }

    @Test("an entry of a later version is left unchanged, however often it was claimed")
    func laterVersion() async throws {
        let harness = try await WorkerHarness()
        _ = try await harness.redis.send(RedisCommand("XADD", "postern:mail", "*", "v", "2", "job", "box"))
        let first = try await harness.claimNext()
        for claims in [1, JobDelivery.maximumClaims + 1] {
            await harness.delivery.run(
                ClaimedJob(entry: first.entry, job: nil, isOfOtherVersion: true, attempts: 0, claims: claims))
        }
        #expect(try await harness.queueContent() == QueueContent(queued: 1))
        #expect(harness.transport.messages.isEmpty)
        #expect(harness.log.lines(of: "mail_released").count == 2)
    }

    private func expectUnreadable(
        _ harness: WorkerHarness, _ kept: [String: String], afterDeliveries count: Int = 0
    ) async throws {
        let dead = kept.merging(["reason": "unreadable", "attempts": "0"]) { _, own in own }
        #expect(try await harness.queueContent() == QueueContent(deadLetters: [dead]))
        #expect(harness.transport.messages.count == count)
        #expect(harness.metrics.deadLetters[.unreadable]?.value == 1)
        #expect(harness.log.lines(of: "mail_dead_lettered").count == 1)
    }

    // MARK: - The breaker

    private static let unavailable = DeliveryOutcome.unavailable(
        DeliveryFailure(.connectionRefused, detail: "connection refused"))

    /// Delivers a new job with each of the outcomes.
    private func run(_ harness: WorkerHarness, _ outcomes: [DeliveryOutcome]) async throws {
        harness.transport.script(outcomes)
        for _ in outcomes { await harness.delivery.run(try await harness.claimed(try WorkerHarness.job())) }
    }

    static let silences: [DeliveryOutcome] = [
        unavailable, .ambiguous(DeliveryFailure(.replyLost, detail: "no reply")),
        .transient(DeliveryFailure(.timeout, detail: "nothing came")),
        .transient(DeliveryFailure(.connectionLost, detail: "at MAIL", stage: .sender)),
        .unavailable(
            DeliveryFailure(
                .senderRefused, reply: Reply(code: 550), detail: "550", stage: .sender, subject: .client)),
    ]

    @Test(
        "three consecutive attempts without service open the breaker, and a delivery closes it",
        arguments: JobDeliveryFaultTests.silences)
    func breaker(outcome: DeliveryOutcome) async throws {
        let harness = try await WorkerHarness()
        try await run(harness, [outcome, outcome])
        #expect(harness.delivery.permission == .all)
        try await run(harness, [outcome])
        #expect(harness.delivery.permission != .all)
        #expect(harness.log.lines(of: "mail_server_unavailable").count == 1)
        try await run(harness, [.delivered(Reply(code: 250))])
        #expect(harness.delivery.permission == .all)
        #expect(harness.log.lines(of: "mail_server_available").count == 1)
    }

    static let answers: [DeliveryOutcome] = [
        .delivered(nil), .permanent(DeliveryFailure(.recipientRefused, reply: Reply(code: 550), detail: "550")),
        .transient(DeliveryFailure(.recipientRefused, reply: Reply(code: 451), detail: "451", stage: .email)),
        .transient(DeliveryFailure(.timeout, detail: "nothing came", stage: .email)),
        .transient(DeliveryFailure(.connectionLost, detail: "closed", stage: .email)),
        .transient(
            DeliveryFailure(
                .serviceUnavailable, reply: Reply(code: 421), detail: "421", stage: .email, subject: .client)),
        .unavailable(
            DeliveryFailure(
                .authenticationFailed, reply: Reply(code: 530), detail: "530", stage: .email, subject: .client)),
        .ambiguous(DeliveryFailure(.replyLost, detail: "no reply", stage: .email)),
    ]

    @Test(
        "a server that accepts the sender counts as available, whatever becomes of the message",
        arguments: JobDeliveryFaultTests.answers)
    func answered(outcome: DeliveryOutcome) async throws {
        let harness = try await WorkerHarness()
        let unavailable = JobDeliveryFaultTests.unavailable
        try await run(harness, [unavailable, unavailable, outcome, unavailable, unavailable, outcome, outcome])
        #expect(harness.delivery.permission == .all)
        #expect(harness.log.lines(of: "mail_server_unavailable").isEmpty)
        #expect(harness.log.lines(of: "mail_server_available").isEmpty)
    }

    // MARK: - The log

    @Test("no outcome of a job logs its address, link or token, or text from the server")
    func secrecy() async throws {
        let harness = try await WorkerHarness()
        let words = "the mailbox \(WorkerHarness.address) is not here"
        let refusal = Reply(code: 550, enhancedStatus: "5.1.1")
        let failure = DeliveryFailure(.recipientRefused, reply: refusal, detail: words)
        let silent = DeliveryFailure(.replyLost, detail: words)
        let outcomes: [DeliveryOutcome] = [
            .delivered(Reply(code: 250)), .transient(failure), .permanent(failure), .ambiguous(silent),
            .unavailable(failure), .unavailable(silent), .unavailable(silent), .unavailable(silent), .delivered(nil),
        ]
        var hidden = ["ada.lovelace", "customer.example", "mailbox", "portal.example.com", "orders"]
        for outcome in outcomes {
            let job = try WorkerHarness.job()
            hidden += [job.link, String(job.link.split(separator: "=")[1].prefix(20))]
            harness.transport.script([outcome])
            await harness.delivery.run(try await harness.claimed(job))
        }
        let job = try WorkerHarness.job()
        hidden += [job.link, String(job.link.split(separator: "=")[1].prefix(20))]
        let claimed = try await harness.claimed(job)
        await harness.delivery.run(ClaimedJob(entry: claimed.entry, job: claimed.job, attempts: 0, claims: 6))
        harness.time.value = job.expiresAt
        await harness.delivery.run(try await harness.claimed(job))
        await harness.delivery.run(
            try await harness.claimed(
                SealedMailJob(
                    version: 1, id: "0123456789abcdef0123456789abcdef", keyID: "k9", box: claimed.job?.box ?? [])))

        let log = harness.log.text
        #expect(harness.log.lines(of: "mail_attempt").count == 9)
        #expect(harness.log.lines(of: "mail_dead_lettered").count == 3)
        #expect(harness.log.lines(of: "secret_key_differs").count == 1)
        #expect(log.contains(job.id))
        #expect(log.contains("550 5.1.1"))
        for text in hidden { #expect(!log.contains(text), "\(text)") }
    }

    // MARK: - Redis outages

    @Test("at shutdown during an outage of Redis, a job whose outcome is not recorded is left for others")
    func released() async throws {
        let harness = try await WorkerHarness()
        let claimed = try await harness.claimed(try WorkerHarness.job())
        harness.server.stop()
        let run = Task { await harness.delivery.run(claimed) }
        try await eventually("the attempt") { harness.transport.messages.count == 1 }
        run.cancel()
        await run.value
        #expect(harness.log.lines(of: "mail_released").count == 1)
    }

    @Test("an outcome that Redis refuses is recorded once Redis accepts it")
    func recordedLater() async throws {
        let harness = try await WorkerHarness()
        let claimed = try await harness.claimed(try WorkerHarness.job())
        _ = try await harness.redis.send(RedisCommand("CONFIG", "SET", "min-replicas-to-write", "1"))
        let run = Task { await harness.delivery.run(claimed) }
        try await eventually("an error reply") {
            let stats = try harness.server.command("INFO", "errorstats")
            return stats.contains("errorstat_NOREPLICAS")
        }
        #expect(try await harness.queueContent().queued == 1)
        _ = try await harness.redis.send(RedisCommand("CONFIG", "SET", "min-replicas-to-write", "0"))
        await run.value
        #expect(try await harness.queueContent() == QueueContent())
        #expect(harness.transport.messages.count == 1)
    }
}
