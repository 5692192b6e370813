import MailQueue
import Platform
import Redis
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct MailQueueGroupTests {
    @Test("a worker that leaves is removed from the group, unless it has jobs; those can be reclaimed")
    func left() async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(3)
        let a = try await harness.worker("a")
        let b = try await harness.worker("b")
        let (ofA, ofB) = (try await a.claim(2), try await b.claimOne())
        try await a.acknowledge(ofA[0])
        try await b.acknowledge(ofB)
        try await a.leave()
        #expect(try await harness.workerNames() == ["a", "b"])
        try await b.leave()
        #expect(try await harness.workerNames() == ["a"])
        #expect(try await b.reclaim(atMost: 9, idleFor: .zero).map(\.entry) == [ofA[1].entry])
        try await a.leave()
        #expect(try await harness.workerNames() == ["b"])
    }

    @Test("consumers that were idle for long enough are removed, unless they have jobs")
    func removed() async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(2)
        let a = try await harness.worker("a")
        let b = try await harness.worker("b")
        try await a.acknowledge(try await a.claimOne())
        _ = try await b.claimOne()
        try await a.removeConsumers(idleFor: .seconds(3600))
        #expect(try await harness.workerNames() == ["a", "b"])
        try await eventually("a to be removed") {
            try await a.removeConsumers(idleFor: .milliseconds(20))
            return try await harness.workerNames() == ["b"]
        }
        #expect(try await harness.pendingCount() == 1)
    }

    /// All jobs that a worker claims again, page by page.
    private func claimAllLost(
        _ worker: MailQueue, atMost count: Int, unless isHeld: (String) -> Bool = { _ in false }
    ) async throws -> [ClaimedJob] {
        var jobs: [ClaimedJob] = []
        var position: PendingPosition? = .start
        while let start = position {
            let page = try await worker.claimLost(from: start, atMost: count, unless: isHeld)
            #expect(page.jobs.count <= count)
            jobs += page.jobs
            position = page.next
        }
        return jobs
    }

    @Test("a worker claims its lost jobs again, the oldest first, but no job that it has", arguments: [1, 2, 3, 9])
    func lostClaims(count: Int) async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(12)
        let a = try await harness.worker("a")
        let b = try await harness.worker("b")
        #expect(try await claimAllLost(a, atMost: count).isEmpty)
        let claimed = try await a.claim(11)
        _ = try await b.claimOne()
        try await a.acknowledge(claimed[1])
        let held = Set([claimed[0], claimed[4], claimed[5], claimed[6]].map(\.key))
        let found = try await claimAllLost(a, atMost: count) { held.contains($0) }
        let lost = [2, 3, 7, 8, 9, 10].map { claimed[$0] }
        #expect(found.map(\.entry) == lost.map(\.entry))
        #expect(found.map(\.job) == lost.map(\.job))
        #expect(found.allSatisfy { $0.claims == 2 })
        #expect(try await claimAllLost(try await harness.worker("c"), atMost: count).isEmpty)
    }

    @Test("looking for lost jobs does not claim those that the worker has")
    func heldClaims() async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(1)
        let worker = try await harness.worker("a")
        _ = try await worker.claimOne()
        for _ in 0..<9 { #expect(try await claimAllLost(worker, atMost: 1) { _ in true }.isEmpty) }
        let reclaimer = try await harness.worker("reclaimer")
        #expect(try await reclaimer.reclaim(atMost: 1, idleFor: .zero).map(\.claims) == [2])
    }

    @Test("a deleted entry does not keep the others from being claimed again")
    func lostAndDeleted() async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(2)
        let worker = try await harness.worker("a")
        let claimed = try await worker.claim(2)
        try await harness.send("XDEL", harness.key("mail"), claimed[0].entry)
        #expect(try await claimAllLost(worker, atMost: 9).map(\.entry) == [claimed[1].entry])
        #expect(try await harness.pendingCount() == 1)
    }

    @Test("without a group, nothing is claimed again")
    func lostWithoutGroup() async throws {
        let harness = try await QueueHarness(hasGroup: false)
        #expect(try await claimAllLost(try await harness.worker("a"), atMost: 9).isEmpty)
    }

    @Test("once the maximum number of retries is reached, a job stays pending")
    func tooManyRetries() async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(3)
        let worker = try await harness.worker("a", maximumRetryCount: 2)
        var isMoved: [Bool] = []
        for claimed in try await worker.claim(3) {
            isMoved.append(
                try await worker.retryLater(claimed, try #require(claimed.job), by: .seconds(9), attempts: 1))
        }
        #expect(isMoved == [true, true, false])
        #expect(try await harness.pendingCount() == 1)
        #expect(try await worker.length(of: .high) == 1)
    }

    @Test("a released job can be reclaimed, and its earlier claim does not count")
    func released() async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(1)
        let a = try await harness.worker("a")
        let b = try await harness.worker("b")
        let claimed = try await a.claimOne()
        try await a.release(claimed)
        #expect(try await b.reclaim(atMost: 1, idleFor: .seconds(60)).isEmpty)
        #expect(try await b.reclaim(atMost: 1, idleFor: .zero).map(\.claims) == [1])
    }

    @Test("if the retries or dead letters cannot be written, the job stays pending")
    func unwritable() async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(2)
        for key in ["mail:retry", "mail:dead"] { try await harness.send("SET", harness.key(key), "another's") }
        let worker = try await harness.worker("a")
        let claimed = try await worker.claim(2)
        await #expect(throws: RedisError.self) {
            try await worker.retryLater(claimed[0], try #require(claimed[0].job), by: .zero, attempts: 1)
        }
        await #expect(throws: RedisError.self) {
            try await worker.deadLetter(claimed[1], DeadLetterCause(reason: .rejected, attempts: 1))
        }
        #expect(try await worker.length(of: .high) == 2)
        #expect(try await harness.pendingCount() == 2)
    }

    @Test("dead letters are removed after a day")
    func trimmed() async throws {
        let harness = try await QueueHarness()
        let worker = try await harness.worker("a")
        let now = UnixTime(milliseconds: 1_800_000_000_000)
        for age in [86_400_001, 86_399_999] {
            try await harness.send(
                "XADD", harness.key("mail:dead"), "\(now.milliseconds - age)-0", "id", "\(age)", "reason", "expired")
        }
        try await worker.trimDeadLetters(at: now)
        var kept: [String] = []
        try await harness.operations().deadLetters { letter in
            kept.append(letter.id)
            return true
        }
        #expect(kept == ["86399999"])
    }

    static let versions: [(String?, Bool)] = [
        (nil, false), ("1", false), ("2", false), ("3", true), ("01", true), ("", true),
    ]

    @Test("an entry with a version other than 1 and 2 is recognised", arguments: MailQueueGroupTests.versions)
    func version(text: String?, isOther: Bool) async throws {
        let harness = try await QueueHarness()
        var fields: [(name: String, value: [UInt8])] = [(name: "id", value: Array("i".utf8))]
        if let text { fields.append((name: "v", value: Array(text.utf8))) }
        try await harness.add(fields)
        let claimed = try await harness.worker("a").claimOne()
        #expect(claimed.isOfOtherVersion == isOther)
        #expect(claimed.job == nil)
    }

    @Test("256 jobs with links of the maximum length can be claimed, and reclaimed, in one call")
    func longJobs() async throws {
        let harness = try await QueueHarness()
        // A path of 2,048 bytes, each percent-encoded in the link.
        let job = QueueHarness.job("long", box: [UInt8](repeating: 7, count: 3 * 2048 + 512))
        for _ in 0..<256 { try await harness.add(job) }
        let worker = try await harness.worker("a")
        #expect(try await worker.claim(256).count == 256)
        #expect(try await worker.reclaim(atMost: 256, idleFor: .zero).count == 256)
    }

    @Test("a hash tag in the prefix keeps all keys in one slot, as Redis Cluster requires")
    func cluster() async throws {
        let server = try await RedisServer(arguments: ["--cluster-enabled", "yes", "--cluster-port", "\(freePort())"])
        try server.command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        try await eventually("the cluster") { try server.command("CLUSTER", "INFO").contains("cluster_state:ok") }
        let harness = try await QueueHarness(prefix: "{p}:", on: server)
        let worker = try await harness.worker("a")
        for outcome in MailQueueFaultTests.Outcome.allCases {
            try await harness.addMany(1)
            try await outcome.record(try await worker.claimOne(), by: worker)
        }
        let operations = try harness.operations()
        #expect(try await operations.retryAll() == 2)
        #expect(try await worker.promoteDue(atMost: 9) == 1)
        #expect(try await worker.claim(9).count == 2)
        #expect(try await worker.reclaim(atMost: 9, idleFor: .zero).count == 2)
        try await worker.leave()
        #expect(try await operations.overview().length == 2)

        let other = try await QueueHarness(prefix: "p:", on: server)
        let lost = try await other.worker("a")
        await #expect {
            _ = try await lost.promoteDue(atMost: 1)
        } throws: { error in
            "\(error)".contains("CROSSSLOT")
        }
    }
}
