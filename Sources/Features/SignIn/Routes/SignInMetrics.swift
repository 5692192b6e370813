import Redis
import Telemetry

/// The metrics of the sign-in routes.
package final class SignInMetrics: Sendable {
    private let queued: Counter
    private let opened: Counter
    /// By the limit's name.
    private let limited: [String: Counter]
    /// By the limit's name.
    private let pressed: [String: Counter]
    /// By the method.
    private let signedIn: [String: Counter]
    private let refused: [String: Counter]

    /// Registers the metrics.
    package init(_ registry: MetricsRegistry, limits: SignInLimits) {
        /// Registers a counter for each value of a label.
        func counters(_ name: String, help: String, _ label: String, _ values: [String]) -> [String: Counter] {
            Dictionary(
                uniqueKeysWithValues: values.map {
                    ($0, registry.counter(name, help: help, labels: [label: $0]))
                })
        }
        let methods = SignInCompletion.Method.allCases.map(\.rawValue)
        queued = registry.counter("postern_mail_queued_total", help: "Sign-in requests whose email was queued.")
        opened = registry.counter(
            "postern_links_opened_total", help: "Links opened with the confirmation page's button.")
        limited = counters(
            "postern_rate_limited_total", help: "Requests answered with 429, by limit.", "limit",
            limits.all.map(\.name))
        pressed = counters(
            "postern_deployment_limit_pressed_total",
            help: "Requests after which more than half of a limit of the deployment was used.", "limit",
            limits.ofDeployment.map(\.name))
        signedIn = counters(
            "postern_sign_ins_total", help: "Sign-ins completed, by link or by code.", "by", methods)
        refused = counters(
            "postern_sign_ins_refused_total", help: "Tokens and codes that were refused.", "by", methods)
    }

    func mailQueued() { queued.increment() }

    func linkOpened() { opened.increment() }

    func limited(by limit: Limit) { limited[limit.name]?.increment() }

    func pressed(_ limit: Limit, count: Int) { pressed[limit.name]?.increment(by: count) }

    func signedIn(by method: SignInCompletion.Method) { signedIn[method.rawValue]?.increment() }

    func refused(_ method: SignInCompletion.Method) { refused[method.rawValue]?.increment() }
}
