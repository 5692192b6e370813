/// The state of a client's bucket after a call.
package struct Quota: Sendable, Equatable {
    /// Whole tokens left.
    package let left: Int
    /// The time until the bucket is full again.
    package let fullIn: Duration

    package init(left: Int, fullIn: Duration) {
        self.left = left
        self.fullIn = fullIn
    }
}
