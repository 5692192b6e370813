import Synchronization

/// A number that only grows.
package final class Counter: Sendable {
    private let count = Atomic(0)

    /// Counts something, or several at once.
    package func increment(by amount: Int = 1) { count.add(amount, ordering: .relaxed) }

    /// The number so far.
    package var value: Int { count.load(ordering: .relaxed) }
}

/// A number that goes up and down.
package final class Gauge: Sendable {
    private let count = Atomic(0)

    /// Changes the number, up or down.
    package func add(_ amount: Int) { count.add(amount, ordering: .relaxed) }

    /// Makes the number another.
    package func set(_ value: Int) { count.store(value, ordering: .relaxed) }

    /// The number now.
    package var value: Int { count.load(ordering: .relaxed) }
}

/// How a quantity is spread: how many observations were at most each bound.
package final class Histogram: Sendable {
    private let bounds: [Double]
    /// Of each bucket alone, the last being that beyond all bounds; and the sum of all observations.
    private let state: Mutex<(counts: [Int], sum: Double)>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex((Array(repeating: 0, count: bounds.count + 1), 0))
    }

    /// Takes one observation in.
    package func observe(_ value: Double) {
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[bucket] += 1
            state.sum += value
        }
    }

    /// Seconds, as is the convention.
    package func observe(_ duration: Duration) {
        observe(Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18)
    }

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
