import Telemetry
import Testing

@Suite
struct MetricsRegistryTests {
    private let registry = MetricsRegistry()

    @Test("a registry without metrics has an empty exposition")
    func empty() {
        #expect(registry.exposition == "")
    }

    @Test("a counter grows")
    func counter() {
        let counter = registry.counter("requests_total", help: "Requests that came.")
        let expected = "# HELP requests_total Requests that came.\n# TYPE requests_total counter\nrequests_total "
        #expect(registry.exposition == expected + "0\n")
        counter.increment()
        counter.increment(by: 41)
        #expect(counter.value == 42)
        #expect(registry.exposition == expected + "42\n")
    }

    @Test("a gauge goes up and down, below zero too")
    func gauge() {
        let gauge = registry.gauge("jobs", help: "Jobs.")
        let expected = "# HELP jobs Jobs.\n# TYPE jobs gauge\njobs "
        #expect(registry.exposition == expected + "0\n")
        gauge.add(3)
        gauge.add(-5)
        #expect(registry.exposition == expected + "-2\n")
        gauge.set(7)
        gauge.add(1)
        #expect(gauge.value == 8)
        #expect(registry.exposition == expected + "8\n")
    }

    @Test("series of one name are grouped under one head, and families are in the order of their creation")
    func labels() {
        let first = registry.counter("mails_total", help: "Mails.", labels: ["outcome": "sent"])
        let gauge = registry.gauge("jobs", help: "Jobs.", labels: ["b": "2", "a": "1"])
        let second = registry.counter("mails_total", help: "Mails.", labels: ["outcome": "lost"])
        first.increment()
        second.increment(by: 2)
        gauge.set(3)
        #expect(
            registry.exposition == """
                # HELP mails_total Mails.
                # TYPE mails_total counter
                mails_total{outcome="sent"} 1
                mails_total{outcome="lost"} 2
                # HELP jobs Jobs.
                # TYPE jobs gauge
                jobs{b="2",a="1"} 3

                """)
    }

    @Test("a histogram counts the observations up to each bound, including the bound itself")
    func histogram() {
        let histogram = registry.histogram("wait_seconds", help: "Waits.", bounds: [0.25, 1, 10])
        #expect(registry.exposition == exposition([0, 0, 0, 0], sum: "0.0"))
        for value in [0.25, 0.5, 1, 10.5] { histogram.observe(value) }
        #expect(registry.exposition == exposition([1, 3, 3, 4], sum: "12.25"))
        histogram.observe(.milliseconds(1500))
        histogram.observe(Duration.zero)
        #expect(registry.exposition == exposition([2, 4, 5, 6], sum: "13.75"))
    }

    private func exposition(_ counts: [Int], sum: String) -> String {
        """
        # HELP wait_seconds Waits.
        # TYPE wait_seconds histogram
        wait_seconds_bucket{le="0.25"} \(counts[0])
        wait_seconds_bucket{le="1.0"} \(counts[1])
        wait_seconds_bucket{le="10.0"} \(counts[2])
        wait_seconds_bucket{le="+Inf"} \(counts[3])
        wait_seconds_sum \(sum)
        wait_seconds_count \(counts[3])

        """
    }

    @Test(
        "durations are observed in seconds",
        arguments: [(1, "1e-09"), (62_500_000, "0.0625"), (90_000_000_000, "90.0")])
    func seconds(nanoseconds: Int64, expected: String) {
        registry.histogram("wait_seconds", help: "Waits.", bounds: [1]).observe(.nanoseconds(nanoseconds))
        #expect(registry.exposition.contains("\nwait_seconds_sum \(expected)\n"))
    }

    @Test("no count of concurrent tasks is lost, and a reader always sees consistent histograms")
    func concurrency() async {
        let counter = registry.counter("a_total", help: "A.")
        let gauge = registry.gauge("b", help: "B.")
        let histogram = registry.histogram("c", help: "C.", bounds: [1, 2])
        let registry = registry
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for number in 0..<5000 {
                        counter.increment()
                        gauge.add(task.isMultiple(of: 2) ? 2 : -1)
                        histogram.observe(Double(1 + number % 3))
                    }
                }
            }
            group.addTask {
                for _ in 0..<200 {
                    let lines = registry.exposition.split(separator: "\n")
                    let counts = lines.filter { $0.hasPrefix("c_bucket") || $0.hasPrefix("c_count") }
                        .compactMap { line in line.split(separator: " ").last.flatMap { Int($0) } }
                    #expect(counts.count == 4)
                    #expect(counts == counts.sorted())
                    #expect(counts[2] == counts[3])
                }
            }
        }
        #expect(counter.value == 40_000)
        #expect(gauge.value == 4 * 5000 * 2 - 4 * 5000)
        // Of the numbers below 5,000, the remainder of a division by 3 is 0 for 1,667, 1 for 1,667, and 2 for 1,666.
        let lines = [
            "c_bucket{le=\"1.0\"} 13336", "c_bucket{le=\"2.0\"} 26672", "c_bucket{le=\"+Inf\"} 40000", "c_sum 79992.0",
            "c_count 40000",
        ]
        for line in lines { #expect(registry.exposition.contains("\n\(line)\n")) }
    }
}
