import Synchronization

/// A metric that only grows.
package final class Counter: Sendable {
    private let count = Atomic(0)

    /// Adds an amount, which is not negative.
    package func increment(by amount: Int = 1) { count.add(amount, ordering: .relaxed) }

    /// The number so far.
    package var value: Int { count.load(ordering: .relaxed) }
}

/// A metric that goes up and down.
package final class Gauge: Sendable {
    private let count = Atomic(0)

    /// Adds an amount, which may be negative.
    package func add(_ amount: Int) { count.add(amount, ordering: .relaxed) }

    /// Replaces the number.
    package func set(_ value: Int) { count.store(value, ordering: .relaxed) }

    /// The current number.
    package var value: Int { count.load(ordering: .relaxed) }
}

/// The distribution of a quantity: the number of observations up to each bound.
package final class Histogram: Sendable {
    private let bounds: [Double]
    /// The number of observations in each bucket alone, the last bucket being above all bounds; and the sum of all
    /// observations.
    private let state: Mutex<(counts: [Int], sum: Double)>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex((Array(repeating: 0, count: bounds.count + 1), 0))
    }

    /// Records one observation.
    package func observe(_ value: Double) {
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[bucket] += 1
            state.sum += value
        }
    }

    /// Records a duration, in seconds.
    package func observe(_ duration: Duration) {
        observe(Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18)
    }

    /// Appends the buckets, the sum and the count in Prometheus' text format.
    func write(_ name: String, to text: inout String) {
        let (counts, sum) = state.withLock { ($0.counts, $0.sum) }
        var total = 0
        for (bound, count) in zip(bounds, counts) {
            total += count
            text += "\(name)_bucket{le=\"\(bound)\"} \(total)\n"
        }
        total += counts[bounds.count]
        text += "\(name)_bucket{le=\"+Inf\"} \(total)\n\(name)_sum \(sum)\n\(name)_count \(total)\n"
    }
}
