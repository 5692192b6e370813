import MailQueue
import Testing

@Suite(.timeLimit(.minutes(1)))
struct MailQueueTests {
    @Test("jobs are claimed in the order in which they were queued")
    func order() async throws {
        let harness = try await QueueHarness()
        let jobs = (0..<5).map { QueueHarness.job("job\($0)", box: [UInt8($0), 0, 32]) }
        for job in jobs { try await harness.add(job) }
        let worker = try await harness.worker("a")
        let first = try await worker.claim(2)
        let others = try await worker.claim(10)
        #expect(first.count == 2)
        #expect((first + others).compactMap(\.job) == jobs)
        #expect(try await harness.entries().map(\.id) == (first + others).map(\.entry))
        #expect((first + others).allSatisfy { $0.attempts == 0 && $0.claims == 1 })
        #expect(try await harness.pendingCount() == 5)
    }

    @Test("two workers that claim 500 jobs get each job once")
    func shared() async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(500)
        let workers = [try await harness.worker("a"), try await harness.worker("b")]
        let ids = try await withThrowingTaskGroup(of: [String].self) { group in
            for worker in workers {
                group.addTask {
                    var ids: [String] = []
                    while case let claimed = try await worker.claim(7), !claimed.isEmpty {
                        ids += claimed.compactMap { $0.job?.id }
                    }
                    return ids
                }
            }
            return try await group.reduce(into: [String]()) { $0 += $1 }
        }
        #expect(ids.sorted() == (1...500).map { "job\($0)" }.sorted())
        #expect(try await harness.pendingCount() == 500)
    }

    @Test("a claim without jobs waits for the given time, and returns none")
    func boundedWait() async throws {
        let harness = try await QueueHarness()
        let worker = try await harness.worker("a")
        #expect(try await worker.claim(1).isEmpty)
        let start = ContinuousClock.now
        #expect(try await worker.claim(atMost: 1, waiting: .milliseconds(100)).isEmpty)
        #expect(ContinuousClock.now - start >= .milliseconds(95))
    }

    @Test("a new job ends the wait of a claim")
    func endedWait() async throws {
        let harness = try await QueueHarness()
        let worker = try await harness.worker("a")
        let claim = Task { try await worker.claim(atMost: 5, waiting: .seconds(50)) }
        try await harness.waitForBlockedClaim()
        try await harness.add(QueueHarness.job("late"))
        #expect(try await claim.value.compactMap { $0.job?.id } == ["late"])
    }

    @Test("acknowledging a job removes it, and no other, from the stream and the pending entries")
    func acknowledged() async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(3)
        let worker = try await harness.worker("a")
        let claimed = try await worker.claim(3)
        try await worker.acknowledge(claimed[1])
        #expect(try await harness.ids() == ["job1", "job3"])
        #expect(try await harness.pendingCount() == 2)
        #expect(try await worker.length(of: .high) == 2)
        #expect(try await harness.retries().isEmpty)
        #expect(try await harness.entries(of: "mail:dead").isEmpty)
    }

    // MARK: - Entries

    /// Entries that are not jobs of version 1 or 2: what is wrong with each, and its fields.
    static let foreignEntries: [(String, [(String, String)])] = [
        ("no version", [("id", "i"), ("key", "k1"), ("job", "box")]),
        ("version 3", [("v", "3"), ("id", "i"), ("key", "k1"), ("job", "box")]),
        ("version 01", [("v", "01"), ("id", "i"), ("key", "k1"), ("job", "box")]),
        ("no id", [("v", "1"), ("key", "k1"), ("job", "box")]),
        ("no key", [("v", "1"), ("id", "i"), ("job", "box")]),
        ("no job", [("v", "1"), ("id", "i"), ("key", "k1")]),
        ("an empty id", [("v", "1"), ("id", ""), ("key", "k1"), ("job", "box")]),
        ("an id with a space", [("v", "1"), ("id", "a b"), ("key", "k1"), ("job", "box")]),
        ("an id with a line end", [("v", "1"), ("id", "a\nb"), ("key", "k1"), ("job", "box")]),
        ("an id with a zero byte", [("v", "1"), ("id", "a\0b"), ("key", "k1"), ("job", "box")]),
        ("an id that is not ASCII", [("v", "1"), ("id", "ä"), ("key", "k1"), ("job", "box")]),
        (
            "an id of 65 characters",
            [("v", "1"), ("id", String(repeating: "i", count: 65)), ("key", "k1"), ("job", "box")]
        ),
        ("an empty key", [("v", "1"), ("id", "i"), ("key", ""), ("job", "box")]),
        ("a key with a space", [("v", "1"), ("id", "i"), ("key", "k 1"), ("job", "box")]),
        (
            "a key of 65 characters",
            [("v", "1"), ("id", "i"), ("key", String(repeating: "k", count: 65)), ("job", "box")]
        ),
        ("names in other letters", [("V", "1"), ("ID", "i"), ("Key", "k1"), ("job ", "box")]),
        ("unknown fields only", [("", ""), ("\0", "\r\n")]),
    ]

    @Test(
        "an entry that is not a job of a known version is claimed without a job, and can be dead-lettered",
        arguments: MailQueueTests.foreignEntries)
    func foreign(what: String, fields: [(String, String)]) async throws {
        let harness = try await QueueHarness()
        try await harness.add(fields.map { (name: $0.0, value: Array($0.1.utf8)) })
        try await harness.add(QueueHarness.job("good"))
        let worker = try await harness.worker("a")
        let claimed = try await worker.claim(2)
        #expect(claimed.map(\.job) == [nil, QueueHarness.job("good")], "\(what)")
        #expect(claimed.map(\.claims) == [1, 1])
        try await worker.deadLetter(claimed[0], DeadLetterCause(reason: .unreadable, attempts: 0))
        let dead = try await harness.entries(of: "mail:dead")
        #expect(dead.map(\.texts) == [["reason": "unreadable", "attempts": "0"]])
        #expect(try await harness.ids() == ["good"])
    }

    static let attemptTable: [(String, Int)] = [
        ("0", 0), ("1", 1), ("17", 17), ("-1", 0), ("", 0), ("x", 0), ("1.5", 0), (" 1", 0), ("0x1", 0),
        ("99999999999999999999", 0),
    ]

    @Test("attempts that are not a number of 0 or more count as 0", arguments: MailQueueTests.attemptTable)
    func attempts(text: String, expected: Int) async throws {
        let harness = try await QueueHarness()
        try await harness.add([
            ("attempts", Array(text.utf8)), ("job", Array("box".utf8)), ("x", [0xFF]), ("key", Array("k1".utf8)),
            ("id", Array("i".utf8)), ("v", Array("1".utf8)),
        ])
        let claimed = try await harness.worker("a").claimOne()
        #expect(claimed.attempts == expected)
        // Neither the order of the fields nor unknown fields matter.
        #expect(claimed.job == QueueHarness.job("i"))
    }

    // MARK: - Retries

    static let boxes: [(String, [UInt8])] = [
        ("nothing", []), ("spaces", Array("  a  b ".utf8)), ("zero bytes", [0, 0, 65, 0]),
        ("line ends", [13, 10, 10, 13, 65, 13, 10]), ("another retry", Array("1 9 other k9 box".utf8)),
        ("all bytes", Array(0...255)), ("all bytes backwards", (0...255).reversed()),
        ("64 KiB", [UInt8](repeating: 32, count: 65_536)),
    ]

    @Test("a retry returns to the stream unchanged, with its attempts", arguments: MailQueueTests.boxes)
    func roundTrip(what: String, box: [UInt8]) async throws {
        let harness = try await QueueHarness()
        // Ids of the maximum length that together hold all allowed characters.
        let id = String(decoding: Array(UInt8(0x21)...0x60), as: UTF8.self)
        let key = String(decoding: Array(UInt8(0x3F)...0x7E), as: UTF8.self)
        let job = SealedMailJob(version: 1, id: id, keyID: key, box: box)
        try await harness.add(job)
        let worker = try await harness.worker("a")
        let first = try await worker.claimOne()
        #expect(first.job == job, "\(what)")
        try await worker.retryLater(first, job, by: .zero, attempts: 7)
        #expect(try await harness.entries().isEmpty)
        #expect(try await harness.pendingCount() == 0)
        #expect(try await worker.promoteDue(atMost: 10) == 1)
        #expect(try await harness.retries().isEmpty)
        let second = try await worker.claimOne()
        #expect(second.job == job, "\(what)")
        #expect(second.attempts == 7)
        #expect(second.claims == 1)
        #expect(second.entry != first.entry)
    }

    @Test("only due retries return to the stream, and the others wait for their delay")
    func due() async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(2)
        let worker = try await harness.worker("a")
        let claimed = try await worker.claim(2)
        let before = try await harness.now()
        try await worker.retryLater(claimed[0], QueueHarness.job("job1"), by: .seconds(3600), attempts: 1)
        try await worker.retryLater(claimed[1], QueueHarness.job("job2"), by: .zero, attempts: 0)
        let after = try await harness.now()
        #expect(try await worker.promoteDue(atMost: 10) == 1)
        #expect(try await worker.promoteDue(atMost: 10) == 0)
        #expect(try await harness.ids() == ["job2"])
        let retries = try await harness.retries()
        #expect(retries.map(\.member) == [Array("1 1 job1 k1 box".utf8)])
        #expect(retries.allSatisfy { (before + 3_600_000...after + 3_600_000).contains($0.dueAt) })
    }

    @Test("at most the given number of retries return at once, the earliest due first")
    func atMost() async throws {
        let harness = try await QueueHarness()
        let key = harness.key("mail:retry")
        for number in 1...5 { try await harness.send("ZADD", key, "\(6 - number)", "1 0 job\(number) k1 box") }
        let worker = try await harness.worker("a")
        for expected in [2, 2, 1, 0] { #expect(try await worker.promoteDue(atMost: 2) == expected) }
        #expect(try await harness.ids() == ["job5", "job4", "job3", "job2", "job1"])
    }

    @Test("two workers that move retries at the same time move each once")
    func promotedOnce() async throws {
        let harness = try await QueueHarness()
        try await harness.addRetries(500, dueAt: 1)
        let workers = [try await harness.worker("a"), try await harness.worker("b")]
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for worker in workers {
                group.addTask {
                    var count = 0
                    while case let moved = try await worker.promoteDue(atMost: 7), moved > 0 { count += moved }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(count == 500)
        let ids = try await harness.ids()
        #expect(ids.sorted() == (1...500).map { "job\($0)" }.sorted())
        #expect(try await harness.retries().isEmpty)
    }

    @Test("malformed retries are removed, and do not hold up others")
    func malformed() async throws {
        let harness = try await QueueHarness()
        let members = [
            "", " ", "garbage", "1", "1 0", "1 0 id", "1 0 id k1", "2 0 id k1 box", "1 x id k1 box", "1 -1 id k1 box",
            "1  id k1 box", "1 0  k1 box", " 1 0 id k1 box", "01 0 id k1 box", "0 0 id k1 box", "1\t0 id k1 box",
            "2 0 id k1 bulk", "2 0 id k1  box",
        ]
        for member in members { try await harness.addRetry(member) }
        try await harness.addRetry("1 4 good k1 box")
        let worker = try await harness.worker("a")
        #expect(try await worker.promoteDue(atMost: 100) == members.count + 1)
        #expect(try await harness.retries().isEmpty)
        let claimed = try await worker.claim(10)
        #expect(claimed.map(\.job) == [QueueHarness.job("good")])
        #expect(claimed.map(\.attempts) == [4])
    }

    // MARK: - Dead letters

    private static let job = QueueHarness.job("j1", box: [0, 13, 10, 32, 255])
    private static let kept: [String: [UInt8]] = ["id": Array("j1".utf8), "key": Array("k1".utf8), "job": job.box]

    static let causes: [(DeadLetterCause, [String: String], Bool)] = [
        (
            DeadLetterCause(reason: .rejected, attempts: 3, replyCode: 550, enhancedStatus: "5.1.1"),
            ["reason": "rejected", "attempts": "3", "code": "550", "status": "5.1.1"], true
        ),
        (
            DeadLetterCause(reason: .rejected, attempts: 1, replyCode: 554),
            ["reason": "rejected", "attempts": "1", "code": "554"], true
        ),
        (DeadLetterCause(reason: .poison, attempts: 0), ["reason": "poison", "attempts": "0"], true),
        (DeadLetterCause(reason: .unreadable, attempts: 2), ["reason": "unreadable", "attempts": "2"], true),
        (
            DeadLetterCause(reason: .expired, attempts: 9, replyCode: 451, enhancedStatus: "4.7.1"),
            ["reason": "expired", "attempts": "9", "code": "451", "status": "4.7.1"], true
        ),
    ]

    @Test(
        "a dead letter has its cause, and holds the job, even if the link has expired",
        arguments: MailQueueTests.causes)
    func deadLettered(cause: DeadLetterCause, expected: [String: String], holdsJob: Bool) async throws {
        let harness = try await QueueHarness()
        try await harness.add(MailQueueTests.job)
        let worker = try await harness.worker("a")
        try await worker.deadLetter(try await worker.claimOne(), cause)
        #expect(try await harness.entries().isEmpty)
        #expect(try await harness.pendingCount() == 0)
        #expect(try await harness.retries().isEmpty)
        var fields = expected.mapValues { Array($0.utf8) }
        fields["id"] = MailQueueTests.kept["id"]
        if holdsJob { fields.merge(MailQueueTests.kept) { _, kept in kept } }
        #expect(try await harness.entries(of: "mail:dead").map(\.fields) == [fields])
    }

    @Test("about the newest 10,000 dead letters are kept")
    func maximumDeadLetterCount() async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(10_800, to: "mail:dead")
        try await harness.add(QueueHarness.job("last"))
        let worker = try await harness.worker("a")
        try await worker.deadLetter(try await worker.claimOne(), DeadLetterCause(reason: .poison, attempts: 0))
        var ids: [String] = []
        try await harness.operations().deadLetters { letter in
            ids.append(letter.id)
            return true
        }
        // Redis removes whole nodes of 100 entries.
        #expect((10_000...10_100).contains(ids.count))
        #expect(ids == (1...10_800).suffix(ids.count - 1).map { "job\($0)" } + ["last"])
    }
}
