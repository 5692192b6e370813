/// The state of a client's bucket after a call.
package struct Quota: Sendable, Equatable {
    /// Whole tokens left.
    package let left: Int
    /// The time until there is one token more; zero if the bucket is full.
    package let moreIn: Duration

    package init(left: Int, moreIn: Duration) {
        self.left = left
        self.moreIn = moreIn
    }
}
