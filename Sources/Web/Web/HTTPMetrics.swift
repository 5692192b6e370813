import Synchronization
import Telemetry

/// The metrics of answered requests.
package final class HTTPMetrics: Sendable {
    private struct Labels: Hashable {
        let route: String
        let status: Status
    }

    private let registry: MetricsRegistry
    private let counters = Mutex<[Labels: Counter]>([:])
    private let duration: Histogram
    let untrustedProxies: UntrustedProxies

    /// Registers the metrics. The counters of `postern_http_requests_total` follow when they are first incremented.
    package init(_ registry: MetricsRegistry) {
        self.registry = registry
        untrustedProxies = UntrustedProxies(registry)
        duration = registry.histogram(
            "postern_http_request_duration_seconds", help: "Time from the complete request to its response.",
            bounds: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5])
    }

    /// Counts an answered request, and observes its duration.
    /// - Parameter route: the route's path without the base path, or `other` if there is no such route.
    func answered(_ route: String, _ status: Status, after duration: Duration) {
        self.duration.observe(duration)
        let labels = Labels(route: route, status: status)
        let counter = counters.withLock { counters in
            if let counter = counters[labels] { return counter }
            let counter = registry.counter(
                "postern_http_requests_total", help: "Requests answered, by route and status.",
                labels: ["route": route, "status": "\(status.rawValue)"])
            counters[labels] = counter
            return counter
        }
        counter.increment()
    }
}
