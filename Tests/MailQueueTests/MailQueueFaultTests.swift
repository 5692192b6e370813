import NIOCore
import MailQueue
import Redis
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(1)))
struct MailQueueFaultTests {
    private static let longAgo = Duration.seconds(60)

    // MARK: - Dead workers

    @Test("jobs are adopted only of a worker that was not heard of for long enough, and as many as are asked for")
    func adopted() async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(5)
        let dead = try await harness.worker("dead")
        let claimed = try await dead.claim(5)
        let heir = try await harness.worker("heir")
        #expect(try await heir.reclaim(atMost: 10, idleFor: MailQueueFaultTests.longAgo).isEmpty)
        for index in [0, 2, 3] { try await harness.age(claimed[index], of: "dead") }
        let first = try await heir.reclaim(atMost: 2, idleFor: MailQueueFaultTests.longAgo)
        let rest = try await heir.reclaim(atMost: 2, idleFor: MailQueueFaultTests.longAgo)
        #expect((first + rest).map(\.entry) == [0, 2, 3].map { claimed[$0].entry })
        #expect((first + rest).map(\.job) == [0, 2, 3].map { claimed[$0].job })
        #expect(first.count == 2)
        #expect(try await heir.reclaim(atMost: 2, idleFor: MailQueueFaultTests.longAgo).isEmpty)
    }

    @Test("each claim of a job is counted, whoever makes it, and its attempts are not")
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
            let adopted = try await (isOfA ? b : a).reclaim(atMost: 9, idleFor: MailQueueFaultTests.longAgo)
            #expect(adopted.count == 1)
            claimed = try #require(adopted.first)
            #expect(claimed.claims == claims)
            #expect(claimed.attempts == 2)
            #expect(claimed.job == QueueHarness.job("job1"))
        }
    }

    @Test("a dead worker's job is found behind 600 jobs of workers that live", arguments: [1, 8])
    func beyondFirstPage(atMost count: Int) async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(601)
        let live = try await harness.worker("live")
        let claimed = try await live.claim(601)
        try await harness.age(claimed[600], of: "live")
        let heir = try await harness.worker("heir")
        let adopted = try await heir.reclaim(atMost: count, idleFor: MailQueueFaultTests.longAgo)
        #expect(adopted.map(\.job?.id) == ["job601"])
        #expect(adopted.map(\.claims) == [2])
    }

    @Test("of two workers that look for a dead one's jobs at once, one adopts each")
    func adoptedOnce() async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(100)
        for claimed in try await harness.worker("dead").claim(100) { try await harness.age(claimed, of: "dead") }
        let heirs = [try await harness.worker("a"), try await harness.worker("b")]
        let ids = try await withThrowingTaskGroup(of: [String].self) { group in
            for heir in heirs {
                group.addTask {
                    var ids: [String] = []
                    while case let jobs = try await heir.reclaim(atMost: 3, idleFor: MailQueueFaultTests.longAgo),
                        !jobs.isEmpty
                    { ids += jobs.compactMap { $0.job?.id } }
                    return ids
                }
            }
            return try await group.reduce(into: [String]()) { $0 += $1 }
        }
        #expect(ids.sorted() == (1...100).map { "job\($0)" }.sorted())
    }

    @Test("an entry that was deleted under its worker's hands is nobody's to reclaim, and is pending no more")
    func deleted() async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(2)
        let claimed = try await harness.worker("dead").claim(2)
        try await harness.send("XDEL", harness.key("mail"), claimed[0].entry)
        for job in claimed { try await harness.age(job, of: "dead") }
        let heir = try await harness.worker("heir")
        let adopted = try await heir.reclaim(atMost: 9, idleFor: MailQueueFaultTests.longAgo)
        #expect(adopted.map(\.entry) == [claimed[1].entry])
        #expect(try await harness.pendingCount() == 1)
    }

    enum End: String, Sendable, CaseIterable {
        case settled, retryLater, givenUp

        func end(_ claimed: ClaimedJob, by worker: MailQueue) async throws {
            switch self {
            case .settled: try await worker.acknowledge(claimed)
            case .retryLater:
                try await worker.retryLater(
                    claimed, QueueHarness.job("job1"), by: .seconds(60), attempts: claimed.claims)
            case .givenUp:
                try await worker.deadLetter(claimed, DeadLetterCause(reason: .rejected, attempts: claimed.claims))
            }
        }
    }

    @Test(
        "once a job was ended, a worker that ends it late changes nothing",
        arguments: MailQueueFaultTests.End.allCases, MailQueueFaultTests.End.allCases)
    func late(first: End, second: End) async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(2)
        let late = try await harness.worker("late")
        let claimed = try await late.claimOne()
        try await harness.age(claimed, of: "late")
        let heir = try await harness.worker("heir")
        let adopted = try await heir.reclaim(atMost: 1, idleFor: MailQueueFaultTests.longAgo)
        try await first.end(try #require(adopted.first), by: heir)
        let before = try await harness.everything()
        try await second.end(claimed, by: late)
        #expect(try await harness.everything() == before)
        #expect(try await harness.ids() == ["job2"])
        #expect(try await harness.retries().count == (first == .retryLater ? 1 : 0))
        #expect(try await harness.entries(of: "mail:dead").count == (first == .givenUp ? 1 : 0))
        #expect(try await harness.pendingCount() == 0)
    }

    // MARK: - Lost data

    @Test("jobs that came before there was a group are claimed")
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

    @Test("where there is no stream nothing fails, and the group is made with it")
    func noStream() async throws {
        let harness = try await QueueHarness(hasGroup: false)
        let workers = [try await harness.worker("a"), try await harness.worker("b")]
        #expect(try await workers[0].reclaim(atMost: 1, idleFor: .zero).isEmpty)
        try await workers[0].leave()
        try await workers[0].removeConsumers(idleFor: .zero)
        #expect(try await workers[0].promoteDue(atMost: 1) == 0)
        #expect(try await workers[0].length() == 0)
        // Whoever makes the group second finds it there.
        async let first = workers[0].claim(1)
        async let second = workers[1].claim(1)
        let claimed = try await first + second
        #expect(claimed.isEmpty)
        try await harness.addMany(1)
        #expect(try await workers[1].claimOne().job == QueueHarness.job("job1"))
    }

    @Test(
        "a claim that waits while the group goes makes it again, and the next finds what came since",
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

    @Test("a job that is ended after a loss of data leaves nothing behind", arguments: MailQueueFaultTests.End.allCases)
    func endedAfterLoss(end: End) async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(1)
        let worker = try await harness.worker("a")
        let claimed = try await worker.claimOne()
        try await harness.send("FLUSHALL")
        try await end.end(claimed, by: worker)
        #expect(try await harness.send("DBSIZE") == .integer(0))
    }

    @Test("a server that forgets the scripts is told them again")
    func forgotten() async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(3)
        let worker = try await harness.worker("a")
        let claimed = try await worker.claim(3)
        for job in claimed { try await harness.age(job, of: "a") }
        let operations = try harness.operations()
        let steps: [() async throws -> Void] = [
            {
                let adopted = try await worker.reclaim(atMost: 9, idleFor: MailQueueFaultTests.longAgo)
                #expect(adopted.count == 3)
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

    @Test("after a restart that lost everything, what comes then is claimed")
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

    @Test("a claim that is never answered ends, and what it took is adopted")
    func unanswered() async throws {
        let harness = try await QueueHarness()
        let worker = try await harness.worker("a", timeout: .seconds(1))
        #expect(try await worker.claim(1).isEmpty)
        try await harness.addMany(1)
        harness.server.freeze()
        await #expect(throws: RedisError.timeout) { try await worker.claim(1) }
        harness.server.thaw()
        // Redis finds the command where the connection left it.
        try await eventually("the job to be taken") { try await harness.pendingCount() == 1 }
        let heir = try await harness.worker("heir")
        let adopted = try await heir.reclaim(atMost: 9, idleFor: .zero)
        #expect(adopted.map(\.job) == [QueueHarness.job("job1")])
        #expect(adopted.map(\.claims) == [2])
    }
}
