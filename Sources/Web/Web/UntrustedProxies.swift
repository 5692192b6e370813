import Net
import Platform
import Synchronization
import Telemetry

/// Notices proxies that are not trusted. Their `X-Forwarded-For` is ignored, so all clients behind one share its buckets,
/// and nothing else tells why they are refused.
package final class UntrustedProxies: Sendable {
    /// The number of networks that are told. Anybody can send the field, so the lines must be bounded.
    private static let maximumNetworkCount = 16

    private let ignored: Counter
    private let told = Mutex<Set<String>>([])

    /// Registers the metric.
    package init(_ registry: MetricsRegistry) {
        ignored = registry.counter(
            "postern_forwarded_for_ignored_total",
            help: "Requests with an X-Forwarded-For that was not used, because a proxy is not trusted.")
    }

    /// Counts a request whose `X-Forwarded-For` was ignored, and logs that once for each of the proxies' networks.
    func notice(_ context: RequestContext) {
        guard let proxy = context.ignoredProxy else { return }
        ignored.increment()
        let network = ClientNetworks(proxy).logged
        let isNew = told.withLock { told in
            told.count < UntrustedProxies.maximumNetworkCount && told.insert(network).inserted
        }
        if isNew { context.log.untrustedProxy(in: network) }
    }
}
