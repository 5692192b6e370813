import Foundation
import MailQueue
import Telemetry
import TestSupport
import Testing

@testable import Delivery

@Suite(.timeLimit(.minutes(1)))
struct WorkerMetricsTests {
    private static let failure = DeliveryFailure(.timeout, detail: "nothing came")

    static let outcomes: [(DeliveryOutcome, String)] = [
        (.delivered(nil), "delivered"),
        (.partial(PartialDelivery(refusedCount: 1, remaining: [], failure: failure)), "partial"),
        (.transient(failure), "transient"), (.permanent(failure), "permanent"),
        (.ambiguous(failure), "ambiguous"), (.unavailable(failure), "unavailable"),
    ]

    @Test("attempts are counted by their outcome", arguments: WorkerMetricsTests.outcomes)
    func attempts(outcome: DeliveryOutcome, name: String) {
        let registry = MetricsRegistry()
        let metrics = WorkerMetrics(registry)
        for _ in 0..<3 { metrics.count(outcome) }
        let lines = registry.exposition.split(separator: "\n").filter { $0.hasPrefix("postern_mail_attempts_total{") }
        let expected = WorkerMetricsTests.outcomes.map {
            "postern_mail_attempts_total{outcome=\"\($0.1)\"} \($0.1 == name ? 3 : 0)"
        }
        #expect(lines.map { String($0) }.sorted() == expected.sorted())
    }

    @Test("there is a counter of dead letters for each reason")
    func reasons() {
        let registry = MetricsRegistry()
        let metrics = WorkerMetrics(registry)
        for reason in DeadLetterCause.Reason.allCases { metrics.deadLetters[reason]?.increment() }
        for reason in ["expired", "rejected", "unconfirmed", "poison", "unreadable"] {
            #expect(registry.exposition.contains("\npostern_mail_dead_letters_total{reason=\"\(reason)\"} 1\n"))
        }
    }

    @Test("promtool accepts the metrics, both initial and counted")
    func promtool() async throws {
        let registry = MetricsRegistry()
        let metrics = WorkerMetrics(registry)
        try await expectAccepted(registry.exposition)
        for (outcome, _) in WorkerMetricsTests.outcomes { metrics.count(outcome) }
        for duration in [Duration.zero, .microseconds(1), .milliseconds(333), .seconds(100_000)] {
            metrics.age.observe(duration)
            metrics.duration.observe(duration)
        }
        metrics.queueLength[.high]?.set(1_000_000)
        metrics.queueLength[.bulk]?.set(7)
        metrics.inFlight.add(-1)
        try await expectAccepted(registry.exposition)
    }

    private func expectAccepted(_ exposition: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let folder = try Folder()
        let path = "\(folder.path)/metrics"
        try Data(exposition.utf8).write(to: URL(fileURLWithPath: path))
        let tool = try ChildProcess("sh", ["-c", "exec promtool check metrics <\"$0\"", path])
        let status = try await tool.waitForExit()
        #expect(status == 0, "\(tool.log)", sourceLocation: sourceLocation)
        #expect(tool.log == "", sourceLocation: sourceLocation)
    }
}
