/// The names of the mail queue's keys in Redis.
package struct QueueKeys: Sendable {
    private let prefix: String

    /// - Parameter prefix: the start of all keys of the deployment.
    package init(prefix: String) {
        self.prefix = prefix
    }

    /// The stream of sealed mail jobs.
    package var mail: String { prefix + "mail" }

    /// The sorted set of mail jobs that wait for another attempt, by the time at which they are due.
    package var retries: String { prefix + "mail:retry" }

    /// The stream of dead letters.
    package var deadLetters: String { prefix + "mail:dead" }
}
