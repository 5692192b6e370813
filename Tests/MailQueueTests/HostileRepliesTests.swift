import MailQueue
import NIOCore
import Redis
import TestSupport
import Testing

/// Redis is in foreign hands: its replies are RESP2, but not those of the queue.
@Suite(.timeLimit(.minutes(5)))
struct HostileRepliesTests {
    @Test(
        "whatever Redis replies, worker and operator get a value or an error, and work afterwards",
        arguments: [1, 2, 3, 4])
    func queue(seed: UInt64) async throws {
        let harness = try await QueueHarness()
        let hostile = try HostileRedis(inFrontOf: harness.server, seed: seed)
        let fair = try await harness.worker("b")
        let worker = try await harness.worker("a", at: hostile.url())
        let client = try await QueueHarness.client(at: hostile.url(), timeout: .seconds(10))
        defer { client.close() }
        let operations = QueueOperations(redis: client, keyPrefix: "postern:")
        for _ in 0..<30 {
            try await harness.addMany(6)
            try await harness.addMany(2, to: "mail:dead")
            try await harness.addRetries(2, dueAt: 1)
            await hostile.whileHostile { _ = try await worker.claim(atMost: 2, waiting: .milliseconds(1)) }
            let jobs = try await fair.claim(atMost: 3, waiting: .milliseconds(1))
            await hostile.whileHostile {
                let reclaimed = try await worker.reclaim(atMost: 3, idleFor: .zero)
                #expect(reclaimed.count <= 3)
            }
            await hostile.whileHostile {
                _ = try await worker.claimLost(from: .start, atMost: 3) { _ in false }
            }
            for job in jobs {
                await hostile.whileHostile { try await worker.acknowledge(job) }
                await hostile.whileHostile {
                    _ = try await worker.retryLater(job, QueueHarness.job("x"), by: .seconds(1), attempts: 1)
                }
                await hostile.whileHostile {
                    try await worker.deadLetter(job, DeadLetterCause(reason: .rejected, attempts: 1))
                }
                await hostile.whileHostile { try await worker.release(job) }
            }
            await hostile.whileHostile { _ = try await worker.promoteDue(atMost: 10) }
            await hostile.whileHostile { _ = try await worker.length(of: .bulk) }
            await hostile.whileHostile { try await worker.removeConsumers(idleFor: .zero) }
            await hostile.whileHostile {
                let overview = try await operations.overview()
                for worker in overview.workers { #expect(worker.pending >= 0 && worker.idle >= .zero) }
            }
            await hostile.whileHostile { _ = try await operations.retry("job1") }
            await hostile.whileHostile { _ = try await operations.drop("job2") { _ in } }
        }
        while (try? await worker.length(of: .high)) == nil { try await Task.sleep(for: .milliseconds(5)) }
        while (try? await operations.overview()) == nil { try await Task.sleep(for: .milliseconds(5)) }
    }
}
