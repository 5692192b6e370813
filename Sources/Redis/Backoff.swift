import NIOCore

/// How long to wait before the next attempt: doubling from `base` to `limit`, less a random part of up to a half, so
/// that clients that lost Redis together do not come back together.
struct Backoff {
    var base = TimeAmount.milliseconds(50)
    var limit = TimeAmount.milliseconds(500)

    /// - Parameters:
    ///   - exponent: 0 for the first wait.
    ///   - jitter: from 0 to 1, random.
    func delay(exponent: Int, jitter: Double) -> TimeAmount {
        let doubled = base.nanoseconds << min(exponent, 10)
        let full = min(doubled, limit.nanoseconds)
        return .nanoseconds(full - Int64(Double(full) * 0.5 * jitter))
    }
}
