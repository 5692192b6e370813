import NIOCore

/// The wait before the next attempt to connect: it doubles from `base` up to `limit`, minus a random part of up to
/// half, so that clients that lost Redis at the same time do not all return at the same time.
struct Backoff {
    var base = TimeAmount.milliseconds(50)
    var limit = TimeAmount.milliseconds(500)

    /// Returns the length of a wait.
    /// - Parameters:
    ///   - exponent: 0 for the first wait.
    ///   - jitter: a random number from 0 to 1.
    func delay(exponent: Int, jitter: Double) -> TimeAmount {
        let doubled = base.nanoseconds << min(exponent, 10)
        let full = min(doubled, limit.nanoseconds)
        return .nanoseconds(full - Int64(Double(full) * 0.5 * jitter))
    }
}
