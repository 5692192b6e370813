/// The counts and workers of the mail queue at one moment.
package struct QueueOverview: Sendable {
    /// A consumer of the group: a worker that has received jobs. It may have stopped since.
    package struct Worker: Sendable {
        /// The consumer name that the worker chose: host, process id and a random part.
        package let name: String
        /// The number of jobs that it has claimed and not acknowledged.
        package let pending: Int
        /// The time since it last received jobs.
        package let idle: Duration
    }

    /// The number of jobs in the stream, including those in delivery.
    package let length: Int
    /// The age of the oldest job in the stream, or `nil` if the stream is empty.
    package let oldestAge: Duration?
    /// The consumers of the group.
    package let workers: [Worker]
    /// The number of jobs that wait for a retry.
    package let retryCount: Int
    /// The number of retries that are due.
    package let dueRetryCount: Int
    /// The number of dead letters, by reason.
    package let deadLettersByReason: [String: Int]

    /// The total number of dead letters.
    package var deadLetterCount: Int { deadLettersByReason.values.reduce(0, +) }
}
