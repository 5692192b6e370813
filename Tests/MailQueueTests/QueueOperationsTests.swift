import MailQueue
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct QueueOperationsTests {
    // MARK: - Overview and dead letters

    @Test("an empty queue has no counts, workers, dead letters or jobs", arguments: [true, false])
    func empty(hasGroup: Bool) async throws {
        let harness = try await QueueHarness(hasGroup: hasGroup)
        let operations = try harness.operations()
        let overview = try await operations.overview()
        #expect(overview.length == 0)
        #expect(overview.oldestAge == nil)
        #expect(overview.workers.isEmpty)
        #expect(overview.retryCount == 0)
        #expect(overview.dueRetryCount == 0)
        #expect(overview.deadLettersByReason.isEmpty)
        #expect(overview.deadLetterCount == 0)
        let isWhole = try await operations.deadLetters { _ in true }
        #expect(isWhole)
        #expect(try await operations.retry("job1") == false)
        #expect(try await operations.retryAll() == 0)
        #expect(try await operations.drop("job1") == false)
    }

    @Test("a stream without a group has jobs and no workers")
    func withoutGroup() async throws {
        let harness = try await QueueHarness(hasGroup: false)
        try await harness.addMany(2)
        let overview = try await harness.operations().overview()
        #expect(overview.length == 2)
        #expect(overview.workers.isEmpty)
    }

    @Test("the overview counts jobs, workers, retries and dead letters")
    func overview() async throws {
        let harness = try await QueueHarness()
        let hourAgo = try await harness.now() - 3_600_000
        try await harness.add([("v", Array("2".utf8))], id: "\(hourAgo)-0")
        try await harness.addMany(5)
        let a = try await harness.worker("a")
        let b = try await harness.worker("b")
        let claimed = try await a.claim(4)
        try await b.deadLetter(try await b.claimOne(), DeadLetterCause(reason: .poison, attempts: 0))
        try await a.deadLetter(claimed[1], DeadLetterCause(reason: .expired, attempts: 2))
        try await harness.addMany(3, to: "mail:dead")
        try await harness.addRetries(4)
        try await harness.addRetry("1 0 due k1 box")

        let overview = try await harness.operations().overview()
        #expect(overview.length == 4)
        let age = try #require(overview.oldestAge)
        #expect(age >= .seconds(3600) && age <= .seconds(3660))
        #expect(overview.workers.map(\.name) == ["a", "b"])
        #expect(overview.workers.map(\.pending) == [3, 0])
        #expect(overview.workers.allSatisfy { $0.idle >= .zero && $0.idle < .seconds(60) })
        #expect(overview.retryCount == 5)
        #expect(overview.dueRetryCount == 1)
        #expect(overview.deadLettersByReason == ["poison": 1, "expired": 1, "rejected": 3])
        #expect(overview.deadLetterCount == 5)
    }

    @Test("a dead letter has its reason, its time, and whether it holds the job")
    func deadLetter() async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(2)
        let worker = try await harness.worker("a")
        let claimed = try await worker.claim(2)
        let before = try await harness.now()
        try await worker.deadLetter(
            claimed[0], DeadLetterCause(reason: .rejected, attempts: 3, replyCode: 550, enhancedStatus: "5.1.1"))
        try await worker.deadLetter(claimed[1], DeadLetterCause(reason: .expired, attempts: 0))
        let after = try await harness.now()
        // As a later version may write it.
        try await harness.add([("why", Array("x".utf8)), ("code", Array("x".utf8))], to: "mail:dead")
        var dead: [DeadLetter] = []
        try await harness.operations().deadLetters { letter in
            dead.append(letter)
            return true
        }
        #expect(dead.map(\.id) == ["job1", "job2", "unknown"])
        #expect(dead.map(\.reason) == ["rejected", "expired", "unknown"])
        #expect(dead.map(\.attempts) == [3, 0, 0])
        #expect(dead.map(\.replyCode) == [550, nil, nil])
        #expect(dead.map(\.enhancedStatus) == ["5.1.1", nil, nil])
        #expect(dead.map(\.holdsJob) == [true, true, false])
        #expect((before...after).contains(dead[0].time))
    }

    @Test("all dead letters are visited, the oldest first, however many pages", arguments: [499, 500, 501, 1203])
    func pages(count: Int) async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(count, to: "mail:dead")
        let operations = try harness.operations()
        var ids: [String] = []
        let isWhole = try await operations.deadLetters { letter in
            ids.append(letter.id)
            return true
        }
        #expect(isWhole)
        #expect(ids == (1...count).map { "job\($0)" })
        #expect(try await operations.overview().deadLetterCount == count)
    }

    @Test("the visit of dead letters ends on request", arguments: [1, 500, 501])
    func endedVisit(count: Int) async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(1203, to: "mail:dead")
        var seen = 0
        let isWhole = try await harness.operations().deadLetters { _ in
            seen += 1
            return seen < count
        }
        #expect(!isWhole)
        #expect(seen == count)
    }

    // MARK: - Retrying

    @Test("a waiting retry is made due, and keeps its attempts", arguments: [1, 500, 501, 1203])
    func retried(number: Int) async throws {
        let harness = try await QueueHarness()
        try await harness.addRetries(1203)
        let operations = try harness.operations()
        #expect(try await operations.retry("job\(number)"))
        #expect(try await operations.overview().dueRetryCount == 1)
        let worker = try await harness.worker("a")
        #expect(try await worker.promoteDue(atMost: 9) == 1)
        let claimed = try await worker.claimOne()
        #expect(claimed.job == QueueHarness.job("job\(number)"))
        #expect(claimed.attempts == 2)
    }

    @Test("a retry that was made due is found again")
    func retriedTwice() async throws {
        let harness = try await QueueHarness()
        try await harness.addRetries(1)
        let operations = try harness.operations()
        #expect(try await operations.retry("job1"))
        #expect(try await operations.retry("job1"))
        #expect(try await operations.overview().dueRetryCount == 1)
    }

    @Test("a dead letter that holds its job is requeued without attempts", arguments: [1, 501, 1203])
    func requeued(number: Int) async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(1203, to: "mail:dead")
        let operations = try harness.operations()
        #expect(try await operations.retry("job\(number)"))
        #expect(try await operations.overview().deadLetterCount == 1202)
        let claimed = try await harness.worker("a").claimOne()
        #expect(claimed.job == QueueHarness.job("job\(number)"))
        #expect(claimed.attempts == 0)
        #expect(try await operations.retry("job\(number)") == false)
    }

    @Test("a requeued job is unchanged, byte for byte")
    func requeuedBytes() async throws {
        let harness = try await QueueHarness()
        let job = QueueHarness.job("j1", box: Array(0...255) + Array("\r\n \0".utf8))
        try await harness.add(job)
        let worker = try await harness.worker("a")
        try await worker.deadLetter(try await worker.claimOne(), DeadLetterCause(reason: .rejected, attempts: 1))
        #expect(try await harness.operations().retry("j1"))
        #expect(try await worker.claimOne().job == job)
    }

    @Test("retrying an unknown job, or a dead letter without its job, changes nothing")
    func notKept() async throws {
        let harness = try await QueueHarness()
        try await harness.addDeadLetterWithoutJob()
        try await harness.addMany(1)
        try await harness.addRetries(1)
        let before = try await harness.everything()
        let operations = try harness.operations()
        for id in ["job2", "", "job", "job11", "*", "1", "2", "k1"] {
            #expect(try await operations.retry(id) == false, "\(id)")
        }
        #expect(try await harness.everything() == before)
        try await harness.send("DEL", harness.key("mail:retry"))
        #expect(try await operations.retry("job1") == false)
        #expect(try await harness.entries(of: "mail:dead").count == 1)
    }

    @Test("retrying all makes every retry due and requeues every dead letter that holds its job")
    func retriedAll() async throws {
        let harness = try await QueueHarness()
        try await harness.addDeadLetterWithoutJob()
        try await harness.addMany(701, to: "mail:dead")
        try await harness.addRetries(1203)
        var progress: [Int] = []
        let operations = try harness.operations()
        let count = try await operations.retryAll { progress.append($0) }
        #expect(count == 1904)
        #expect(progress == progress.sorted())
        #expect(progress.last == 1904)
        let overview = try await operations.overview()
        #expect(overview.dueRetryCount == 1203)
        #expect(overview.length == 701)
        #expect(overview.deadLettersByReason == ["unreadable": 1])
        #expect(try await operations.retryAll() == 0)
    }

    @Test("a job that fails again while all are retried is not retried twice")
    func retriedOnce() async throws {
        let harness = try await QueueHarness()
        try await harness.addRetries(1)
        let (server, key, later) = (harness.server, harness.key("mail:retry"), "\(QueueHarness.farFuture)")
        var calls = 0
        let count = try await harness.operations().retryAll { _ in
            calls += 1
            // As a worker does, but not forever.
            if calls <= 3 { _ = try? server.command("ZADD", key, "XX", later, "1 2 job1 k1 box") }
        }
        #expect(count == 1)
    }

    // MARK: - Dropping

    @Test("a job is dropped from the stream and the pending entries", arguments: [1, 500, 501, 1203])
    func droppedFromStream(number: Int) async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(1203)
        _ = try await harness.worker("a").claim(1203)
        var progress: [Int] = []
        let operations = try harness.operations()
        let isDropped = try await operations.drop("job\(number)") { progress.append($0) }
        #expect(isDropped)
        #expect(progress == [500, 1000].filter { $0 < number })
        #expect(try await harness.ids() == (1...1203).filter { $0 != number }.map { "job\($0)" })
        #expect(try await harness.pendingCount() == 1202)
        #expect(try await operations.drop("job\(number)") == false)
    }

    @Test("a job is dropped from the retries", arguments: [1, 500, 501, 1203])
    func droppedFromRetries(number: Int) async throws {
        let harness = try await QueueHarness()
        try await harness.addRetries(1203)
        let operations = try harness.operations()
        #expect(try await operations.drop("job\(number)"))
        let members = try await harness.retries().map { String(decoding: $0.member, as: UTF8.self) }
        #expect(members.count == 1202)
        #expect(!members.contains("1 2 job\(number) k1 box"))
        #expect(try await operations.drop("job\(number)") == false)
    }

    @Test("a job is dropped from the dead letters", arguments: [1, 500, 501, 1203])
    func droppedFromDeadLetters(number: Int) async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(1203, to: "mail:dead")
        let operations = try harness.operations()
        #expect(try await operations.drop("job\(number)"))
        let ids = try await harness.ids(of: "mail:dead")
        #expect(ids == (1...1203).filter { $0 != number }.map { "job\($0)" })
        #expect(try await operations.drop("job\(number)") == false)
    }

    // MARK: - Long jobs

    @Test("a job is found among a thousand with links of the maximum length")
    func longJobs() async throws {
        let harness = try await QueueHarness()
        // A path of 2,048 bytes, each percent-encoded in the link.
        let box = [UInt8](repeating: 7, count: 3 * 2048 + 512)
        for number in 1...1000 {
            try await harness.add(QueueHarness.job("stream\(number)", box: box))
            try await harness.add(
                [("id", Array("dead\(number)".utf8)), ("reason", Array("rejected".utf8)), ("job", box)],
                to: "mail:dead")
            try await harness.addRetry("1 0 retry\(number) k1 \(String(repeating: "7", count: box.count))")
        }
        let operations = try harness.operations()
        #expect(try await operations.overview().deadLetterCount == 1000)
        for id in ["retry1000", "dead1000", "stream1000"] { #expect(try await operations.drop(id), "\(id)") }
    }
}

extension QueueOperations {
    func retryAll() async throws -> Int { try await retryAll { _ in } }

    func drop(_ id: String) async throws -> Bool { try await drop(id) { _ in } }
}
