import Redis
import Telemetry

/// The reason why a request was refused by its API key.
enum APIKeyRefusal: String, CaseIterable, Sendable {
    /// It had no credentials.
    case missing
    /// Its credentials are not an API key.
    case malformed
    case unknown
    case expired
    /// The key's record was changed, or is that of another key.
    case unreadable
    /// The key lacks the scope.
    case scope
    /// The client has failed too often.
    case limited
}

/// The metrics of API keys.
package final class APIKeyMetrics: Sendable {
    private let accepted: Counter
    /// By the reason.
    private let refused: [APIKeyRefusal: Counter]
    /// By the limit's name.
    private let limited: [String: Counter]

    /// Registers the metrics.
    package init(_ registry: MetricsRegistry, limits: APIKeyLimits) {
        accepted = registry.counter(
            "postern_api_keys_accepted_total", help: "Requests whose API key was accepted.")
        refused = Dictionary(
            uniqueKeysWithValues: APIKeyRefusal.allCases.map {
                (
                    $0,
                    registry.counter(
                        "postern_api_keys_refused_total", help: "Requests refused by their API key, by reason.",
                        labels: ["reason": $0.rawValue])
                )
            })
        limited = Dictionary(
            uniqueKeysWithValues: limits.all.map {
                (
                    $0.name,
                    registry.counter(
                        "postern_rate_limited_total", help: "Requests answered with 429, by limit.",
                        labels: ["limit": $0.name])
                )
            })
    }

    func keyAccepted() { accepted.increment() }

    func refused(_ reason: APIKeyRefusal) { refused[reason]?.increment() }

    func limited(by limit: Limit) { limited[limit.name]?.increment() }
}
