import Synchronization
import Telemetry
import Web

/// The metrics of the sign-in routes.
package final class SignInMetrics: Sendable {
    private struct Answer: Hashable {
        let route: String
        let status: Status
    }

    private let registry: MetricsRegistry
    private let answers = Mutex<[Answer: Counter]>([:])
    private let duration: Histogram
    private let queued: Counter
    private let opened: Counter
    private let limited: [Admission.Limit: Counter]
    private let signedIn: [SignInCompletion.Method: Counter]
    private let refused: [SignInCompletion.Method: Counter]

    /// Registers the metrics. The counters of `postern_http_requests_total` follow when they are first incremented.
    package init(_ registry: MetricsRegistry) {
        /// Registers a counter for each case of an enumeration.
        func counters<Case: Hashable & CaseIterable & RawRepresentable<String>>(
            _ name: String, help: String, label: String
        ) -> [Case: Counter] {
            Dictionary(
                uniqueKeysWithValues: Case.allCases.map {
                    ($0, registry.counter(name, help: help, labels: [label: $0.rawValue]))
                })
        }
        self.registry = registry
        queued = registry.counter("postern_mail_queued_total", help: "Sign-in requests whose email was queued.")
        opened = registry.counter(
            "postern_links_opened_total", help: "Links opened with the confirmation page's button.")
        limited = counters(
            "postern_rate_limited_total", help: "Requests answered with 429, by limit.", label: "limit")
        signedIn = counters("postern_sign_ins_total", help: "Sign-ins completed, by link or by code.", label: "by")
        refused = counters(
            "postern_sign_ins_refused_total", help: "Tokens and codes that were refused.", label: "by")
        duration = registry.histogram(
            "postern_http_request_duration_seconds", help: "Time from the complete request to its response.",
            bounds: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5])
    }

    /// Counts an answered request, and observes its duration.
    /// - Parameter route: the route's path without the base path, or `other` if there is no such route.
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

    func linkOpened() { opened.increment() }

    func limited(by limit: Admission.Limit) { limited[limit]?.increment() }

    func signedIn(by method: SignInCompletion.Method) { signedIn[method]?.increment() }

    func refused(_ method: SignInCompletion.Method) { refused[method]?.increment() }
}
