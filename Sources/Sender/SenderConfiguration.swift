/// How a worker works.
public struct SenderConfiguration: Sendable {
    /// Deliveries at once.
    public var concurrency: Int
    /// The deadline of a delivery.
    public var deliveryTimeout: Duration
    /// How long a command to Redis may take.
    public var redisTimeout: Duration

    /// All of it.
    public init(concurrency: Int, deliveryTimeout: Duration, redisTimeout: Duration) {
        self.concurrency = concurrency
        self.deliveryTimeout = deliveryTimeout
        self.redisTimeout = redisTimeout
    }
}
