/// The queue of mail jobs in numbers.
package struct QueueOverview: Sendable {
    /// A worker of the group that was given jobs; it may be gone by now.
    package struct Worker: Sendable {
        /// The name that it gave itself: host, process and a random part.
        package let name: String
        /// How many jobs it has claimed and not ended.
        package let pending: Int
        /// How long ago it was given jobs.
        package let idle: Duration
    }

    /// How many jobs are in the stream, those being delivered included.
    package let length: Int
    /// How long the oldest of them has been there; `nil` where there is none.
    package let oldestAge: Duration?
    /// The workers of the group that were given jobs.
    package let workers: [Worker]
    /// How many jobs wait for another attempt.
    package let retries: Int
    /// How many of those are due.
    package let retriesDue: Int
    /// How many jobs were given up and are kept, by reason.
    package let deadByReason: [String: Int]

    /// How many jobs were given up and are kept.
    package var dead: Int { deadByReason.values.reduce(0, +) }
}
