import Redis
import Synchronization

/// Calls after which more than half of a limit of the deployment was used, collected until they are reported. A store has
/// no log; the routes report them.
final class DeploymentPressure: Sendable {
    /// The calls of one limit since the last report.
    struct Report: Sendable {
        let limit: Limit
        /// The tokens that were left after the last of them.
        var left: Int
        /// The number of requests.
        var count: Int
    }

    /// Whether there is something to report, so that a request looks at no lock while there is not.
    private let isPending = Atomic(false)
    private let reports = Mutex<[Report]>([])

    /// Records a call.
    /// - Parameter count: the number of requests that it stands for.
    func record(_ limit: Limit, left: Int, count: Int) {
        reports.withLock { reports in
            if let index = reports.firstIndex(where: { $0.limit.name == limit.name }) {
                reports[index].left = left
                reports[index].count += count
            } else {
                reports.append(Report(limit: limit, left: left, count: count))
            }
            isPending.store(true, ordering: .relaxed)
        }
    }

    /// Returns what was recorded since the last call.
    func take() -> [Report] {
        guard isPending.load(ordering: .relaxed) else { return [] }
        return reports.withLock { reports in
            isPending.store(false, ordering: .relaxed)
            defer { reports = [] }
            return reports
        }
    }
}
