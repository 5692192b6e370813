import Redis
import Synchronization

/// Tokens of the deployment's bucket that a process has taken in advance, so that not every request asks that bucket.
///
/// At most a thousandth of the burst is taken at once, so a small limit is exact. Tokens in advance are lost when the
/// process ends.
final class TokenLease: Sendable {
    /// The number of tokens that are taken at once.
    let size: Int
    private let left = Atomic(0)

    private static let maximumSize = 64

    /// - Parameter limit: the deployment's limit.
    init(of limit: Limit) {
        size = limit.rate.map { min(max($0.burst / 1000, 1), TokenLease.maximumSize) } ?? 1
    }

    /// Uses a token that was taken in advance; `false` if there is none, and the request must ask the bucket for ``size``
    /// tokens.
    func use() -> Bool {
        var count = left.load(ordering: .relaxed)
        while count > 0 {
            let (exchanged, original) = left.compareExchange(
                expected: count, desired: count - 1, ordering: .relaxed)
            if exchanged { return true }
            count = original
        }
        return false
    }

    /// Adds tokens: those of a bucket beyond the first one, or one that was not needed.
    func add(_ count: Int) {
        if count > 0 { left.add(count, ordering: .relaxed) }
    }
}
