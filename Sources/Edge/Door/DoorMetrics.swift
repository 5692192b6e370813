public import Metrics
import Store
import Synchronization

/// What the door counts.
public final class DoorMetrics: Sendable {
    private struct Answer: Hashable {
        let route: String
        let status: Status
    }

    private let registry: MetricsRegistry
    private let answers = Mutex<[Answer: Counter]>([:])
    private let duration: Histogram
    private let queued: Counter
    private let limitedClients: Counter
    private let limitedRecipients: Counter
    private let limitedDeployment: Counter

    /// Registers all of them.
    public init(_ registry: MetricsRegistry) {
        func limited(_ limit: Admission.Limit) -> Counter {
            registry.counter(
                "postern_rate_limited_total", help: "Sign-in requests answered 429, by the limit that was reached.",
                labels: ["limit": "\(limit)"])
        }
        self.registry = registry
        queued = registry.counter("postern_mail_queued_total", help: "Sign-in requests whose mail was queued.")
        limitedClients = limited(.client)
        limitedRecipients = limited(.recipient)
        limitedDeployment = limited(.deployment)
        duration = registry.histogram(
            "postern_http_request_duration_seconds", help: "Time from a whole request to its answer.",
            bounds: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5])
    }

    /// A request was answered.
    /// - Parameter route: where it led, a path of the contract or `other`.
    func answered(_ route: String, _ status: Status, after duration: Duration) {
        self.duration.observe(duration)
        let answer = Answer(route: route, status: status)
        let counter = answers.withLock { answers in
            if let counter = answers[answer] { return counter }
            let counter = registry.counter(
                "postern_http_requests_total", help: "Requests answered, by route and status.",
                labels: ["route": route, "status": "\(status.rawValue)"])
            answers[answer] = counter
            return counter
        }
        counter.increment()
    }

    func mailQueued() { queued.increment() }

    func limited(by limit: Admission.Limit) {
        switch limit {
        case .client: limitedClients.increment()
        case .recipient: limitedRecipients.increment()
        case .deployment: limitedDeployment.increment()
        }
    }
}
