import Redis
import Synchronization
import Telemetry

/// The metric of commands that Redis did not carry out.
package final class RedisMetrics: Sendable {
    private let registry: MetricsRegistry
    private let counters = Mutex<[String: Counter]>([:])

    /// Its counters are registered when they are first incremented.
    package init(_ registry: MetricsRegistry) {
        self.registry = registry
    }

    /// Counts a command that failed.
    package func failed(_ error: RedisError) {
        let kind = error.kind
        let counter = counters.withLock { counters in
            if let counter = counters[kind] { return counter }
            let counter = registry.counter(
                "postern_redis_failures_total", help: "Commands that Redis did not carry out, by reason.",
                labels: ["reason": kind])
            counters[kind] = counter
            return counter
        }
        counter.increment()
    }
}
