import Redis
import TestSupport
import Testing

@testable import MailQueue

/// Redis refuses a command in the middle of a script. No job must then be lost, doubled, or be in two places.
@Suite(.timeLimit(.minutes(3)))
struct AllOrNothingTests {
    enum Operation: String, Sendable, CaseIterable {
        case claim, acknowledge, retryLater, deadLetter, promote, requeue
    }

    /// Makes a job ready for an operation, and returns the operation.
    private func prepare(
        _ operation: Operation, _ harness: QueueHarness, _ queue: MailQueue
    ) async throws -> @Sendable () async throws -> Void {
        switch operation {
        case .promote:
            try await harness.addRetry("1 2 job k1 box")
            return { _ = try await queue.promoteDue(atMost: 10) }
        case .requeue:
            try await harness.add(
                [
                    ("v", Array("1".utf8)), ("id", Array("job".utf8)), ("key", Array("k1".utf8)),
                    ("job", Array("box".utf8)),
                ],
                to: "mail:dead")
            let operations = try harness.operations()
            return { _ = try await operations.retry("job") }
        case .claim, .acknowledge, .retryLater, .deadLetter:
            try await harness.add(QueueHarness.job("job"))
        }
        if operation == .claim { return { _ = try await queue.claim(atMost: 10, waiting: .milliseconds(10)) } }
        let claimed = try #require(try await queue.claim(atMost: 1, waiting: .milliseconds(100)).first)
        let job = try #require(claimed.job)
        switch operation {
        case .acknowledge: return { try await queue.acknowledge(claimed) }
        case .retryLater: return { _ = try await queue.retryLater(claimed, job, by: .seconds(60), attempts: 1) }
        default: return { try await queue.deadLetter(claimed, DeadLetterCause(reason: .rejected, attempts: 1)) }
        }
    }

    @Test("an operation that Redis refuses in part leaves nothing, whatever the command", arguments: Operation.allCases)
    func denied(_ operation: Operation) async throws {
        let server = try await RedisServer()
        var failures = 0
        for command in CommandDenial.commands(of: MailQueue.scripts) {
            try server.command("FLUSHALL")
            let harness = try await QueueHarness(on: server)
            let queue = try await harness.worker("one")
            let run = try await prepare(operation, harness, queue)
            var didFail = true
            let changes = try await CommandDenial.changes(denying: command, on: server) {
                try await run()
                didFail = false
            }
            #expect(changes == [], "\(command)")
            failures += didFail ? 1 : 0
        }
        #expect(failures > 0)
    }
}
