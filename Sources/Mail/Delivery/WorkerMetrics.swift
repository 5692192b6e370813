import MailMessage
import MailQueue
import Telemetry

/// The metrics of a worker.
package struct WorkerMetrics: Sendable {
    let queueLength: [MailPriority: Gauge]
    let inFlight: Gauge
    let claimed: Counter
    let held: Counter
    let delivered: Counter
    let partial: Counter
    let transient: Counter
    let permanent: Counter
    let ambiguous: Counter
    let unavailable: Counter
    let deadLetters: [DeadLetterCause.Reason: Counter]
    let age: Histogram
    let duration: Histogram

    /// Registers the metrics.
    package init(_ registry: MetricsRegistry) {
        func attempts(_ outcome: String) -> Counter {
            registry.counter(
                "postern_mail_attempts_total", help: "Delivery attempts, by outcome.",
                labels: ["outcome": outcome])
        }
        var lengths: [MailPriority: Gauge] = [:]
        for priority in MailPriority.allCases {
            lengths[priority] = registry.gauge(
                "postern_mail_queue_length", help: "Jobs in the stream of a priority, including those in delivery.",
                labels: ["priority": priority.rawValue])
        }
        queueLength = lengths
        inFlight = registry.gauge("postern_mail_in_flight", help: "Jobs that this worker is delivering.")
        claimed = registry.counter("postern_mail_claimed_total", help: "Jobs that this worker claimed.")
        held = registry.counter(
            "postern_mail_held_total", help: "Jobs held back because the domain of a recipient is slow.")
        delivered = attempts("delivered")
        partial = attempts("partial")
        transient = attempts("transient")
        permanent = attempts("permanent")
        ambiguous = attempts("ambiguous")
        unavailable = attempts("unavailable")
        var dead: [DeadLetterCause.Reason: Counter] = [:]
        for reason in DeadLetterCause.Reason.allCases {
            dead[reason] = registry.counter(
                "postern_mail_dead_letters_total", help: "Dead letters, by reason.", labels: ["reason": reason.rawValue]
            )
        }
        deadLetters = dead
        age = registry.histogram(
            "postern_mail_delivery_age_seconds",
            help: "Time from a request to the delivery of its email, if of high priority.",
            bounds: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 900])
        duration = registry.histogram(
            "postern_mail_attempt_duration_seconds", help: "Duration of a delivery attempt.",
            bounds: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30])
    }

    func count(_ outcome: DeliveryOutcome) {
        switch outcome {
        case .delivered: delivered.increment()
        case .partial: partial.increment()
        case .transient: transient.increment()
        case .permanent: permanent.increment()
        case .ambiguous: ambiguous.increment()
        case .unavailable: unavailable.increment()
        }
    }
}
