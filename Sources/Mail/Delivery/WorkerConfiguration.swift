/// The configuration of a worker.
package struct WorkerConfiguration: Sendable {
    /// The maximum number of concurrent deliveries.
    package var concurrency: Int
    /// The maximum duration of a delivery.
    package var deliveryTimeout: Duration
    /// The maximum duration of a Redis command.
    package var redisTimeout: Duration

    /// Creates a configuration.
    package init(concurrency: Int, deliveryTimeout: Duration, redisTimeout: Duration) {
        self.concurrency = concurrency
        self.deliveryTimeout = deliveryTimeout
        self.redisTimeout = redisTimeout
    }
}
