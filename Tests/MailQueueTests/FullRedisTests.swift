import MailQueue
import NIOCore
import Redis
import TestSupport
import Testing

/// The queue in a Redis that has no memory left, under `noeviction`: what it has is delivered.
@Suite(.timeLimit(.minutes(1)))
struct FullRedisTests {
    /// Lets Redis refuse every write that needs memory.
    private func fill(_ harness: QueueHarness) async throws {
        try await harness.send("CONFIG", "SET", "maxmemory", "1")
        await #expect(throws: RedisError.self) { try await harness.send("SET", "x", "y") }
    }

    @Test("a worker that starts afresh claims and acknowledges, whichever streams exist", arguments: [0, 1, 2])
    func freshWorker(existingStreamCount: Int) async throws {
        let harness = try await QueueHarness(hasGroup: false)
        for stream in ["mail", "mail:bulk"].prefix(existingStreamCount) { try await harness.addMany(3, to: stream) }
        try await fill(harness)
        let worker = try await harness.worker("a")
        #expect(try await worker.claim(9).isEmpty)  // It makes the groups.
        let claimed = try await worker.claim(9)
        #expect(claimed.count == 3 * existingStreamCount)
        for job in claimed { try await worker.acknowledge(job) }
        #expect(try await worker.length(of: .high) == 0)
        #expect(try await worker.length(of: .bulk) == 0)
    }

    @Test("refused and expired jobs leave the stream, retries come back, and dead letters are requeued")
    func moves() async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(3)
        try await harness.addRetries(2, dueAt: 1)
        let worker = try await harness.worker("a")
        let claimed = try await worker.claim(3)
        try await fill(harness)
        let rejected = DeadLetterCause(reason: .rejected, attempts: 1)
        #expect(try await worker.retryLater(claimed[0], try #require(claimed[0].job), by: .zero, attempts: 1))
        try await worker.deadLetter(claimed[1], DeadLetterCause(reason: .expired, attempts: 1))
        try await worker.deadLetter(claimed[2], rejected)
        #expect(try await worker.length(of: .high) == 0)
        #expect(try await worker.promoteDue(atMost: 9) == 3)
        #expect(try await harness.ids().sorted() == ["job1", "job1", "job2"])
        #expect(try await harness.operations().retry("job3"))
        #expect(try await worker.claim(9).count == 4)
    }

    @Test("retries come back to a stream that does not exist, with its group")
    func noStream() async throws {
        let harness = try await QueueHarness(hasGroup: false)
        try await harness.addRetries(2, dueAt: 1)
        try await fill(harness)
        let worker = try await harness.worker("a")
        #expect(try await worker.promoteDue(atMost: 9) == 2)
        #expect(try await harness.send("XLEN", harness.key("mail")) == .integer(2))
        #expect(try await harness.pendingCount() == 0)
    }

    @Test("what cannot be added to a stream at its last id stays where it is")
    func idsUsedUp() async throws {
        let harness = try await QueueHarness()
        try await harness.addRetries(1, dueAt: 1)
        try await harness.addMany(2, to: "mail:dead")
        let last = "18446744073709551615-18446744073709551615"
        try await harness.send("XADD", harness.key("mail"), last, "id", "last")
        let before = try await harness.everything()
        let worker = try await harness.worker("a")
        await #expect(throws: RedisError.self) { try await worker.promoteDue(atMost: 9) }
        await #expect(throws: RedisError.self) { try await harness.operations().retry("job2") }
        #expect(try await harness.everything() == before)
    }
}
