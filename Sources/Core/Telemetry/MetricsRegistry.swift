import Synchronization

/// The metrics of a process, exported in Prometheus' text format (version 0.0.4).
///
/// Names follow Prometheus' conventions: the unit is part of the name, and a counter's name ends in `_total`.
package final class MetricsRegistry: Sendable {
    private let families = Mutex<[Family]>([])

    private struct Family {
        let name: String
        let help: String
        let type: String
        var series: [(labels: String, write: @Sendable (_ name: String, _ labels: String, inout String) -> Void)]
    }

    /// Creates a registry without metrics.
    package init() {}

    /// Adds a counter: a number that only grows.
    /// - Parameters:
    ///   - name: ends in `_total`. Several series may have one name if their labels differ.
    ///   - help: a sentence that describes the metric.
    ///   - labels: names and values. Values must not contain quotes, backslashes or line breaks.
    package func counter(_ name: String, help: String, labels: KeyValuePairs<String, String> = [:]) -> Counter {
        let counter = Counter()
        add(name, help, "counter", labels) { name, labels, text in text += "\(name)\(labels) \(counter.value)\n" }
        return counter
    }

    /// Adds a gauge: a number that goes up and down. The parameters are those of ``counter(_:help:labels:)``.
    package func gauge(_ name: String, help: String, labels: KeyValuePairs<String, String> = [:]) -> Gauge {
        let gauge = Gauge()
        add(name, help, "gauge", labels) { name, labels, text in text += "\(name)\(labels) \(gauge.value)\n" }
        return gauge
    }

    /// Adds a histogram: the distribution of a quantity.
    /// - Parameter bounds: the upper bounds of the buckets, inclusive and ascending.
    package func histogram(_ name: String, help: String, bounds: [Double]) -> Histogram {
        let histogram = Histogram(bounds: bounds)
        add(name, help, "histogram", [:]) { name, _, text in histogram.write(name, to: &text) }
        return histogram
    }

    private func add(
        _ name: String, _ help: String, _ type: String, _ labels: KeyValuePairs<String, String>,
        _ write: @escaping @Sendable (String, String, inout String) -> Void
    ) {
        let pairs = labels.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ",")
        let series = (pairs.isEmpty ? "" : "{\(pairs)}", write)
        families.withLock { families in
            if let index = families.firstIndex(where: { $0.name == name }) {
                families[index].series.append(series)
            } else {
                families.append(Family(name: name, help: help, type: type, series: [series]))
            }
        }
    }

    /// All metrics with their current values, in the text format.
    package var exposition: String {
        let families = families.withLock { $0 }
        var text = ""
        for family in families {
            text += "# HELP \(family.name) \(family.help)\n# TYPE \(family.name) \(family.type)\n"
            for series in family.series { series.write(family.name, series.labels, &text) }
        }
        return text
    }
}
