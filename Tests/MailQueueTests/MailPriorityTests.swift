import MailQueue
import Testing

/// The two streams of jobs: which is claimed first, and that retries and dead letters return to their own.
@Suite(.timeLimit(.minutes(1)))
struct MailPriorityTests {
    private static func job(_ id: String) -> SealedMailJob { QueueHarness.job(id, version: 2) }

    @Test("jobs of high priority are claimed before a flood of others, even those queued after it")
    func flood() async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(20_000, to: "mail:bulk")
        let worker = try await harness.worker("a")
        #expect(try await worker.claim(3).map(\.priority) == [.bulk, .bulk, .bulk])
        for number in 1...5 { try await harness.add(MailPriorityTests.job("high\(number)")) }
        let first = try await worker.claim(3)
        #expect(first.compactMap { $0.job?.id } == ["high1", "high2", "high3"])
        // The rest of the count is filled with others.
        let second = try await worker.claim(4)
        #expect(second.compactMap { $0.job?.id } == ["high4", "high5", "job4", "job5"])
        #expect(second.map(\.priority) == [.high, .high, .bulk, .bulk])
        #expect(try await worker.claim(1).compactMap { $0.job?.id } == ["job6"])
        #expect(try await worker.length(of: .high) == 5)
        #expect(try await worker.length(of: .bulk) == 20_000)
    }

    @Test("the first job of either priority ends the wait of a claim", arguments: MailPriority.allCases)
    func wait(priority: MailPriority) async throws {
        let harness = try await QueueHarness()
        let worker = try await harness.worker("a")
        let claim = Task { try await worker.claim(atMost: 5, waiting: .seconds(50)) }
        try await harness.waitForBlockedClaim()
        try await harness.add(MailPriorityTests.job("late"), to: priority == .high ? "mail" : "mail:bulk")
        let claimed = try await claim.value
        #expect(claimed.compactMap { $0.job?.id } == ["late"])
        #expect(claimed.map(\.priority) == [priority])
    }

    @Test("a claim that waits never takes more than it may, whatever arrives at once")
    func surplus() async throws {
        let harness = try await QueueHarness()
        let worker = try await harness.worker("a")
        for round in 1...20 {
            let claim = Task { try await worker.claim(atMost: 1, waiting: .seconds(50)) }
            try await harness.waitForBlockedClaim()
            // Both in one step.
            try await harness.send(
                "EVAL",
                """
                for _, key in ipairs(KEYS) do
                  redis.call('XADD', key, '*', 'v', '2', 'id', ARGV[1], 'key', 'k1', 'job', 'box')
                end
                """, "2", harness.key("mail:bulk"), harness.key("mail"), "job\(round)")
            let claimed = try await claim.value
            #expect(claimed.count == 1)
            for job in claimed { try await worker.acknowledge(job) }
            let rest = try await worker.claim(5)
            let lost = try await worker.claimLost(from: .start, atMost: 5, unless: { _ in false }).jobs
            // A surplus job was released without being counted, and is pending; otherwise it was still in its stream.
            let ids = (rest + lost).compactMap { $0.job?.id }
            #expect(ids.contains("job\(round)"))
            for job in rest + lost { try await worker.acknowledge(job) }
        }
        #expect(try await worker.length(of: .high) == 0)
        #expect(try await worker.length(of: .bulk) == 0)
    }

    @Test("a claim creates both groups, whichever is missing", arguments: [[], ["mail"], ["mail:bulk"]])
    func groups(existing: [String]) async throws {
        let harness = try await QueueHarness(hasGroup: false)
        for stream in existing {
            try await harness.send("XGROUP", "CREATE", harness.key(stream), MailQueue.group, "0", "MKSTREAM")
        }
        try await harness.add(MailPriorityTests.job("high"))
        try await harness.add(MailPriorityTests.job("bulk"), to: "mail:bulk")
        let worker = try await harness.worker("a")
        // A job that was claimed before the missing group was noticed is not lost.
        var ids: [String] = []
        for _ in 0..<3 { ids += try await worker.claim(5).compactMap { $0.job?.id } }
        #expect(ids == ["high", "bulk"])
    }

    @Test("messages that together are too long for a reply are claimed, found again and reclaimed in several")
    func longMessages() async throws {
        let harness = try await QueueHarness()
        let job = QueueHarness.job("long", version: 2, box: [UInt8](repeating: 7, count: 3_000_000))
        for _ in 0..<5 { try await harness.add(job, to: "mail:bulk") }
        let (first, second) = (try await harness.worker("a"), try await harness.worker("b"))
        var counts: [Int] = []
        for _ in 0..<3 { counts.append(try await first.claim(8).count) }
        #expect(counts == [2, 2, 1])
        #expect(try await first.claimLost(from: .start, atMost: 8, unless: { _ in false }).jobs.count == 5)
        let reclaimed = try await second.reclaim(atMost: 8, idleFor: .zero)
        #expect(reclaimed.count == 2 && reclaimed.allSatisfy { $0.job == job })
    }

    // MARK: - Outcomes

    @Test("a job is acknowledged in its own stream", arguments: MailPriority.allCases)
    func acknowledged(priority: MailPriority) async throws {
        let harness = try await QueueHarness()
        // The same entry id in both streams.
        for stream in ["mail", "mail:bulk"] {
            try await harness.add([("v", Array("3".utf8))], to: stream, id: "1-1")
        }
        let worker = try await harness.worker("a")
        let claimed = try #require(try await worker.claim(2).first { $0.priority == priority })
        try await worker.acknowledge(claimed)
        #expect(try await worker.length(of: priority) == 0)
        #expect(try await worker.length(of: priority == .high ? .bulk : .high) == 1)
    }

    static let boxes: [[UInt8]] = [[], Array("  a  b ".utf8), Array("bulk x".utf8), Array(0...255), [10, 13, 0]]

    @Test("a retry of version 2 returns to its stream, unchanged", arguments: MailPriority.allCases, boxes)
    func retried(priority: MailPriority, box: [UInt8]) async throws {
        let harness = try await QueueHarness()
        let job = QueueHarness.job("j1", version: 2, box: box)
        let stream = priority == .high ? "mail" : "mail:bulk"
        try await harness.add(job, to: stream)
        let worker = try await harness.worker("a")
        try await worker.retryLater(try await worker.claimOne(), job, by: .zero, attempts: 4)
        #expect(try await harness.retries().map(\.member) == [Array("2 4 j1 k1 \(priority.rawValue) ".utf8) + box])
        #expect(try await worker.length(of: priority) == 0)
        #expect(try await worker.promoteDue(atMost: 10) == 1)
        let claimed = try await worker.claimOne()
        #expect(claimed.job == job)
        #expect(claimed.priority == priority)
        #expect(claimed.attempts == 4)
        #expect(try await harness.retries().isEmpty)
    }

    @Test("a retry of a later version waits for another minute, and does not hold up others")
    func laterRetry() async throws {
        let harness = try await QueueHarness()
        for member in ["3 0 id k1 x", "11 0 id k1 box"] { try await harness.addRetry(member) }
        try await harness.addRetry("2 0 good k1 bulk box")
        let worker = try await harness.worker("a")
        let before = try await harness.now()
        #expect(try await worker.promoteDue(atMost: 10) == 3)
        let retries = try await harness.retries()
        #expect(retries.count == 2 && retries.allSatisfy { $0.dueAt >= before + 60_000 })
        #expect(try await worker.claim(5).compactMap { $0.job?.id } == ["good"])
    }

    @Test("a dead letter of each priority and version is requeued as it was")
    func requeued() async throws {
        let harness = try await QueueHarness()
        let operations = try harness.operations()
        let worker = try await harness.worker("a")
        for (stream, priority) in [("mail", MailPriority.high), ("mail:bulk", .bulk)] {
            for version in [1, 2] {
                let job = QueueHarness.job("j\(version)", version: version)
                try await harness.add(job, to: stream)
                try await worker.deadLetter(
                    try await worker.claimOne(), DeadLetterCause(reason: .unknownTemplate, attempts: 2))
                let letter = try #require(try await harness.entries(of: "mail:dead").first)
                #expect(letter["v"] == (version == 1 ? nil : "2"))
                #expect(letter["priority"] == (priority == .high ? nil : "bulk"))
                #expect(letter["reason"] == "unknown_template")
                #expect(try await operations.retry(job.id))
                let claimed = try await worker.claimOne()
                #expect(claimed.job == job)
                #expect(claimed.priority == priority)
                try await worker.acknowledge(claimed)
            }
        }
    }

    @Test("jobs of both priorities are released, reclaimed, and found again after a lost reply")
    func reclaimed() async throws {
        let harness = try await QueueHarness()
        try await harness.add(MailPriorityTests.job("high"))
        try await harness.add(MailPriorityTests.job("bulk"), to: "mail:bulk")
        let (first, second) = (try await harness.worker("a"), try await harness.worker("b"))
        let claimed = try await first.claim(2)
        #expect(claimed.map(\.priority) == [.high, .bulk])
        let lost = try await first.claimLost(from: .start, atMost: 1, unless: { _ in false })
        #expect(lost.jobs.map(\.priority) == [.high])
        let next = try #require(lost.next)
        let rest = try await first.claimLost(from: next, atMost: 5, unless: { _ in false })
        #expect(rest.jobs.map(\.priority).contains(.bulk))
        #expect(rest.next == nil)
        for job in claimed { try await first.release(job) }
        let reclaimed = try await second.reclaim(atMost: 5, idleFor: .zero)
        #expect(reclaimed.compactMap { $0.job?.id } == ["high", "bulk"])
        #expect(reclaimed.map(\.claims) == [1, 1])
        #expect(try await second.reclaim(atMost: 1, idleFor: .zero).count == 1)
        try await first.leave()
        #expect(try await harness.operations().overview().workers.map(\.name) == ["b"])
    }

    @Test("the operator sees both streams, and drops a job from either")
    func operations() async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(3, to: "mail:bulk")
        try await harness.add(MailPriorityTests.job("high"))
        let worker = try await harness.worker("a")
        _ = try await worker.claim(2)
        let operations = try harness.operations()
        let overview = try await operations.overview()
        #expect(overview.streams.map(\.priority) == [.high, .bulk])
        #expect(overview.streams.map(\.length) == [1, 3])
        #expect(overview.streams.map(\.pending) == [1, 1])
        #expect(overview.streams.allSatisfy { $0.oldestAge != nil })
        #expect(overview.length == 4)
        #expect(overview.workers.map(\.pending) == [2])
        #expect(try await operations.drop("job2", { _ in }))
        #expect(try await operations.drop("high", { _ in }))
        #expect(try await !operations.drop("job2", { _ in }))
        #expect(try await operations.overview().streams.map(\.length) == [0, 2])
    }
}
