/// The outcome of a request that was asked to be admitted.
public enum Admission: Sendable, Equatable {
    /// It was admitted: its token is remembered and its mail queued.
    case admitted(Quota?)
    /// It was refused, and nothing was changed.
    case limited(by: Limit, retryAfter: Duration, Quota?)
    /// It was refused because more mail waits than is allowed to.
    case queueFull

    /// Which bucket was empty.
    public enum Limit: String, Sendable, CaseIterable {
        case client, recipient, deployment, verification, code
    }

    /// What is left in the client's bucket.
    public struct Quota: Sendable, Equatable {
        /// Whole tokens.
        public let left: Int
        /// How long the bucket takes to be full again.
        public let fullIn: Duration

        public init(left: Int, fullIn: Duration) {
            self.left = left
            self.fullIn = fullIn
        }
    }
}
