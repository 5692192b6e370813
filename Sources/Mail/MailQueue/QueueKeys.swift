/// The mail queue's key names in Redis.
package struct QueueKeys: Sendable {
    /// The number of jobs in a stream beyond which features refuse to add another. At a kilobyte for each job, they take
    /// a gigabyte.
    package static let maximumStreamLength = 1_000_000

    private let prefix: String

    /// - Parameter prefix: the deployment's key prefix (`POSTERN_KEY_PREFIX`).
    package init(prefix: String) {
        self.prefix = prefix
    }

    /// The stream of sealed mail jobs of high priority.
    package var mail: String { prefix + "mail" }

    /// The stream of all other sealed mail jobs.
    package var bulk: String { prefix + "mail:bulk" }

    /// The stream of sealed mail jobs of a priority.
    package func stream(of priority: MailPriority) -> String {
        switch priority {
        case .high: mail
        case .bulk: bulk
        }
    }

    /// The sorted set of retries. The score is the due time, in Unix milliseconds.
    package var retries: String { prefix + "mail:retry" }

    /// The stream of dead letters.
    package var deadLetters: String { prefix + "mail:dead" }
}
