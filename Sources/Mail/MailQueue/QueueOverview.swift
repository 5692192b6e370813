/// The counts and workers of the mail queue at one moment.
package struct QueueOverview: Sendable {
    /// A consumer of the groups: a worker that has received jobs. It may have stopped since.
    package struct Worker: Sendable {
        /// The consumer name that the worker chose: host, process id and a random part.
        package let name: String
        /// The number of jobs that it has claimed and not acknowledged.
        package let pending: Int
        /// The time since it last received jobs.
        package let idle: Duration
    }

    /// The stream of one priority.
    package struct Stream: Sendable {
        /// The priority.
        package let priority: MailPriority
        /// The number of jobs in the stream, including those in delivery.
        package let length: Int
        /// The age of the oldest job in the stream, or `nil` if the stream is empty.
        package let oldestAge: Duration?
        /// The number of jobs in delivery.
        package let pending: Int
    }

    /// The streams, the one of high priority first.
    package let streams: [Stream]
    /// The consumers of the groups.
    package let workers: [Worker]
    /// The number of jobs that wait for a retry.
    package let retryCount: Int
    /// The number of retries that are due.
    package let dueRetryCount: Int
    /// The number of dead letters, by reason.
    package let deadLettersByReason: [String: Int]

    /// The number of jobs in all streams, including those in delivery.
    package var length: Int { streams.reduce(0) { $0 + $1.length } }

    /// The age of the oldest job in any stream, or `nil` if all streams are empty.
    package var oldestAge: Duration? { streams.compactMap(\.oldestAge).max() }

    /// The total number of dead letters.
    package var deadLetterCount: Int { deadLettersByReason.values.reduce(0, +) }
}
