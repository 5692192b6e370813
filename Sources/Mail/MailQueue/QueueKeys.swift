/// The mail queue's key names in Redis.
package struct QueueKeys: Sendable {
    private let prefix: String

    /// - Parameter prefix: the deployment's key prefix (`POSTERN_KEY_PREFIX`).
    package init(prefix: String) {
        self.prefix = prefix
    }

    /// The stream of sealed mail jobs.
    package var mail: String { prefix + "mail" }

    /// The sorted set of retries. The score is the due time, in Unix milliseconds.
    package var retries: String { prefix + "mail:retry" }

    /// The stream of dead letters.
    package var deadLetters: String { prefix + "mail:dead" }
}
