/// How a worker works.
package struct WorkerConfiguration: Sendable {
    /// Deliveries at once.
    package var concurrency: Int
    /// The deadline of a delivery.
    package var deliveryTimeout: Duration
    /// How long a command to Redis may take.
    package var redisTimeout: Duration

    /// All of it.
    package init(concurrency: Int, deliveryTimeout: Duration, redisTimeout: Duration) {
        self.concurrency = concurrency
        self.deliveryTimeout = deliveryTimeout
        self.redisTimeout = redisTimeout
    }
}
