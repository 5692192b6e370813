import SignIn
import Telemetry

/// The metrics of links that trusted callers request.
final class SignInLinkMetrics: Sendable {
    /// By the purpose.
    private let issued: [LinkPurpose: Counter]

    /// Registers the metrics.
    init(_ registry: MetricsRegistry) {
        issued = Dictionary(
            uniqueKeysWithValues: LinkPurpose.allCases.map { purpose in
                let counter = registry.counter(
                    "postern_links_issued_total", help: "Links that trusted callers requested, by purpose.",
                    labels: ["purpose": purpose.rawValue])
                return (purpose, counter)
            })
    }

    func issued(for purpose: LinkPurpose) { issued[purpose]?.increment() }
}
