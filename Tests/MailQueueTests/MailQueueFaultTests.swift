import MailQueue
import NIOCore
import Redis
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct MailQueueFaultTests {
    private static let longAgo = Duration.seconds(60)

    // MARK: - Dead workers

    @Test("only jobs that were pending for long enough are reclaimed, and at most the given number")
    func reclaimed() async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(5)
        let dead = try await harness.worker("dead")
        let claimed = try await dead.claim(5)
        let reclaimer = try await harness.worker("reclaimer")
        #expect(try await reclaimer.reclaim(atMost: 10, idleFor: MailQueueFaultTests.longAgo).isEmpty)
        for index in [0, 2, 3] { try await harness.age(claimed[index], of: "dead") }
        let first = try await reclaimer.reclaim(atMost: 2, idleFor: MailQueueFaultTests.longAgo)
        let rest = try await reclaimer.reclaim(atMost: 2, idleFor: MailQueueFaultTests.longAgo)
        #expect((first + rest).map(\.entry) == [0, 2, 3].map { claimed[$0].entry })
        #expect((first + rest).map(\.job) == [0, 2, 3].map { claimed[$0].job })
        #expect(first.count == 2)
        #expect(try await reclaimer.reclaim(atMost: 2, idleFor: MailQueueFaultTests.longAgo).isEmpty)
    }

    @Test("each claim of a job by any worker is counted, and does not change its attempts")
    func counted() async throws {
        let harness = try await QueueHarness()
        try await harness.addRetries(1, dueAt: 1)
        let a = try await harness.worker("a")
        let b = try await harness.worker("b")
        _ = try await a.promoteDue(atMost: 1)
        var claimed = try await a.claimOne()
        #expect(claimed.claims == 1)
        for claims in 2...7 {
            let isOfA = claims.isMultiple(of: 2)
            try await harness.age(claimed, of: isOfA ? "a" : "b")
            let reclaimed = try await (isOfA ? b : a).reclaim(atMost: 9, idleFor: MailQueueFaultTests.longAgo)
            #expect(reclaimed.count == 1)
            claimed = try #require(reclaimed.first)
            #expect(claimed.claims == claims)
            #expect(claimed.attempts == 2)
            #expect(claimed.job == QueueHarness.job("job1"))
        }
    }

    @Test("a job that can be reclaimed is found after 600 that cannot", arguments: [1, 8])
    func beyondFirstPage(atMost count: Int) async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(601)
        let live = try await harness.worker("live")
        let claimed = try await live.claim(601)
        try await harness.age(claimed[600], of: "live")
        let reclaimer = try await harness.worker("reclaimer")
        let reclaimed = try await reclaimer.reclaim(atMost: count, idleFor: MailQueueFaultTests.longAgo)
        #expect(reclaimed.map(\.job?.id) == ["job601"])
        #expect(reclaimed.map(\.claims) == [2])
    }

    @Test("two workers that reclaim at the same time get each job once")
    func reclaimedOnce() async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(100)
        for claimed in try await harness.worker("dead").claim(100) { try await harness.age(claimed, of: "dead") }
        let reclaimers = [try await harness.worker("a"), try await harness.worker("b")]
        let ids = try await withThrowingTaskGroup(of: [String].self) { group in
            for reclaimer in reclaimers {
                group.addTask {
                    var ids: [String] = []
                    while case let jobs = try await reclaimer.reclaim(atMost: 3, idleFor: MailQueueFaultTests.longAgo),
                        !jobs.isEmpty
                    { ids += jobs.compactMap { $0.job?.id } }
                    return ids
                }
            }
            return try await group.reduce(into: [String]()) { $0 += $1 }
        }
        #expect(ids.sorted() == (1...100).map { "job\($0)" }.sorted())
    }

    @Test("a claimed entry that was deleted is not reclaimed, and is no longer pending")
    func deleted() async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(2)
        let claimed = try await harness.worker("dead").claim(2)
        try await harness.send("XDEL", harness.key("mail"), claimed[0].entry)
        for job in claimed { try await harness.age(job, of: "dead") }
        let reclaimer = try await harness.worker("reclaimer")
        let reclaimed = try await reclaimer.reclaim(atMost: 9, idleFor: MailQueueFaultTests.longAgo)
        #expect(reclaimed.map(\.entry) == [claimed[1].entry])
        #expect(try await harness.pendingCount() == 1)
    }

    enum Outcome: String, Sendable, CaseIterable {
        case acknowledged, retryLater, deadLettered

        func record(_ claimed: ClaimedJob, by worker: MailQueue) async throws {
            switch self {
            case .acknowledged: try await worker.acknowledge(claimed)
            case .retryLater:
                try await worker.retryLater(
                    claimed, QueueHarness.job("job1"), by: .seconds(60), attempts: claimed.claims)
            case .deadLettered:
                try await worker.deadLetter(claimed, DeadLetterCause(reason: .rejected, attempts: claimed.claims))
            }
        }
    }

    @Test(
        "a second outcome for the same job changes nothing",
        arguments: MailQueueFaultTests.Outcome.allCases, MailQueueFaultTests.Outcome.allCases)
    func late(first: Outcome, second: Outcome) async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(2)
        let late = try await harness.worker("late")
        let claimed = try await late.claimOne()
        try await harness.age(claimed, of: "late")
        let reclaimer = try await harness.worker("reclaimer")
        let reclaimed = try await reclaimer.reclaim(atMost: 1, idleFor: MailQueueFaultTests.longAgo)
        try await first.record(try #require(reclaimed.first), by: reclaimer)
        let before = try await harness.everything()
        try await second.record(claimed, by: late)
        #expect(try await harness.everything() == before)
        #expect(try await harness.ids() == ["job2"])
        #expect(try await harness.retries().count == (first == .retryLater ? 1 : 0))
        #expect(try await harness.entries(of: "mail:dead").count == (first == .deadLettered ? 1 : 0))
        #expect(try await harness.pendingCount() == 0)
    }

    // MARK: - Lost data

    @Test("jobs that were queued before the group existed are claimed")
    func beforeTheGroup() async throws {
        let harness = try await QueueHarness(hasGroup: false)
        try await harness.addMany(3)
        let worker = try await harness.worker("a")
        #expect(try await worker.reclaim(atMost: 1, idleFor: .zero).isEmpty)
        try await worker.leave()
        try await worker.removeConsumers(idleFor: .zero)
        #expect(try await worker.claim(9).isEmpty)
        #expect(try await worker.claim(9).compactMap { $0.job?.id } == ["job1", "job2", "job3"])
    }

    @Test("without a stream nothing fails, and the first claim creates stream and group")
    func noStream() async throws {
        let harness = try await QueueHarness(hasGroup: false)
        let workers = [try await harness.worker("a"), try await harness.worker("b")]
        #expect(try await workers[0].reclaim(atMost: 1, idleFor: .zero).isEmpty)
        try await workers[0].leave()
        try await workers[0].removeConsumers(idleFor: .zero)
        #expect(try await workers[0].promoteDue(atMost: 1) == 0)
        #expect(try await workers[0].length(of: .high) == 0)
        // Both try to create the group; the second finds it there.
        async let first = workers[0].claim(1)
        async let second = workers[1].claim(1)
        let claimed = try await first + second
        #expect(claimed.isEmpty)
        try await harness.addMany(1)
        #expect(try await workers[1].claimOne().job == QueueHarness.job("job1"))
    }

    @Test(
        "a claim that waits while the group is lost creates it again, and the next claim gets new jobs",
        arguments: [["FLUSHALL"], ["DEL", "postern:mail"], ["XGROUP", "DESTROY", "postern:mail", MailQueue.group]])
    func lostWhileWaiting(words: [String]) async throws {
        let harness = try await QueueHarness()
        let worker = try await harness.worker("a")
        let claim = Task { try await worker.claim(atMost: 1, waiting: .seconds(50)) }
        try await harness.waitForBlockedClaim()
        var command = RedisCommand(words[0])
        for word in words.dropFirst() { command.append(word) }
        _ = try await harness.redis.send(command)
        #expect(try await claim.value.isEmpty)
        try await harness.addMany(1)
        #expect(try await worker.claimOne().job == QueueHarness.job("job1"))
    }

    @Test(
        "an outcome that is recorded after a loss of data stores nothing",
        arguments: MailQueueFaultTests.Outcome.allCases)
    func recordedAfterLoss(outcome: Outcome) async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(1)
        let worker = try await harness.worker("a")
        let claimed = try await worker.claimOne()
        try await harness.send("FLUSHALL")
        try await outcome.record(claimed, by: worker)
        #expect(try await harness.send("DBSIZE") == .integer(0))
    }

    @Test("scripts that Redis has lost are sent again")
    func forgotten() async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(3)
        let worker = try await harness.worker("a")
        let claimed = try await worker.claim(3)
        for job in claimed { try await harness.age(job, of: "a") }
        let operations = try harness.operations()
        let steps: [() async throws -> Void] = [
            {
                let reclaimed = try await worker.reclaim(atMost: 9, idleFor: MailQueueFaultTests.longAgo)
                #expect(reclaimed.count == 3)
            },
            { try await worker.acknowledge(claimed[0]) },
            { try await worker.retryLater(claimed[1], QueueHarness.job("job2"), by: .zero, attempts: 1) },
            { try await worker.deadLetter(claimed[2], DeadLetterCause(reason: .rejected, attempts: 1)) },
            {
                let count = try await worker.promoteDue(atMost: 9)
                #expect(count == 1)
            },
            {
                let isFound = try await operations.retry("job3")
                #expect(isFound)
            },
            { try await worker.leave() },
        ]
        for step in steps {
            try await harness.send("SCRIPT", "FLUSH")
            try await step()
        }
        #expect(try await harness.ids() == ["job2", "job3"])
        #expect(try await harness.workerNames().isEmpty)
    }

    @Test("after a restart without data, new jobs are claimed")
    func restarted() async throws {
        let harness = try await QueueHarness()
        let worker = try await harness.worker("a", timeout: .seconds(1))
        #expect(try await worker.claim(1).isEmpty)
        harness.server.stop()
        await #expect(throws: RedisError.self) { try await worker.claim(1) }
        try await harness.server.start()
        try await eventually("a job to be added") { (try? await harness.addMany(1)) != nil }
        try await eventually("the job to be claimed") {
            (try? await worker.claim(1))?.first?.job == QueueHarness.job("job1")
        }
    }

    @Test("a claim without a reply times out, and its job can be reclaimed")
    func unanswered() async throws {
        let harness = try await QueueHarness()
        let worker = try await harness.worker("a", timeout: .seconds(1))
        #expect(try await worker.claim(1).isEmpty)
        try await harness.addMany(1)
        harness.server.freeze()
        await #expect(throws: RedisError.timeout) { try await worker.claim(1) }
        harness.server.thaw()
        // Redis executes the command that is still in the socket's buffer.
        try await eventually("the job to be claimed") { try await harness.pendingCount() == 1 }
        let reclaimer = try await harness.worker("reclaimer")
        let reclaimed = try await reclaimer.reclaim(atMost: 9, idleFor: .zero)
        #expect(reclaimed.map(\.job) == [QueueHarness.job("job1")])
        #expect(reclaimed.map(\.claims) == [2])
    }
}
