import Store
import Testing
import TestSupport

@Suite("the group of workers, and the Redis that it works at", .timeLimit(.minutes(1)))
struct MailQueueGroupTests {
    @Test("a worker that leaves is struck off, unless it has jobs, which others then find")
    func left() async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(3)
        let a = try await harness.worker("a")
        let b = try await harness.worker("b")
        let (ofA, ofB) = (try await a.claim(2), try await b.claimOne())
        try await a.settle(ofA[0])
        try await b.settle(ofB)
        try await a.leave()
        #expect(try await harness.workerNames() == ["a", "b"])
        try await b.leave()
        #expect(try await harness.workerNames() == ["a"])
        #expect(try await b.adopt(atMost: 9, idleFor: .zero).map(\.entry) == [ofA[1].entry])
        try await a.leave()
        #expect(try await harness.workerNames() == ["b"])
    }

    @Test("workers that were not heard of for long enough are struck off, but for those that have jobs")
    func dismissed() async throws {
        let harness = try await QueueHarness()
        try await harness.addMany(2)
        let a = try await harness.worker("a")
        let b = try await harness.worker("b")
        try await a.settle(try await a.claimOne())
        _ = try await b.claimOne()
        try await a.dismissWorkers(idleFor: .seconds(3600))
        #expect(try await harness.workerNames() == ["a", "b"])
        try await eventually("a to be struck off") {
            try await a.dismissWorkers(idleFor: .milliseconds(20))
            return try await harness.workerNames() == ["b"]
        }
        #expect(try await harness.pendingCount() == 1)
    }

    @Test("256 jobs with the longest links that there are fit into one claim, and into one adoption")
    func longJobs() async throws {
        let harness = try await QueueHarness()
        // A path of 2,048 bytes, each of them written as %XX in the link.
        let job = QueueHarness.job("long", box: [UInt8](repeating: 7, count: 3 * 2048 + 512))
        for _ in 0..<256 { try await harness.add(job) }
        let worker = try await harness.worker("a")
        #expect(try await worker.claim(256).count == 256)
        #expect(try await worker.adopt(atMost: 256, idleFor: .zero).count == 256)
    }

    @Test("a hash tag in the prefix keeps all keys in one slot, as Redis Cluster wants it")
    func cluster() async throws {
        let server = try await RedisServer(arguments: ["--cluster-enabled", "yes", "--cluster-port", "\(freePort())"])
        try server.command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        try await eventually("the cluster") { try server.command("CLUSTER", "INFO").contains("cluster_state:ok") }
        let harness = try await QueueHarness(prefix: "{p}:", on: server)
        let worker = try await harness.worker("a")
        for end in MailQueueFaultTests.End.allCases {
            try await harness.addMany(1)
            try await end.end(try await worker.claimOne(), by: worker)
        }
        let inspector = try harness.inspector()
        #expect(try await inspector.retryAll() == 2)
        #expect(try await worker.promoteDue(atMost: 9) == 1)
        #expect(try await worker.claim(9).count == 2)
        #expect(try await worker.adopt(atMost: 9, idleFor: .zero).count == 2)
        try await worker.leave()
        #expect(try await inspector.overview().length == 2)

        let other = try await QueueHarness(prefix: "p:", on: server)
        let lost = try await other.worker("a")
        await #expect {
            _ = try await lost.promoteDue(atMost: 1)
        } throws: { error in
            "\(error)".contains("CROSSSLOT")
        }
    }
}
