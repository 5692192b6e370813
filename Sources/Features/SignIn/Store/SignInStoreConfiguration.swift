import Cryptography

/// The configuration of ``SignInStore``.
package struct SignInStoreConfiguration: Sendable {
    package var limits: SignInLimits
    /// The time for which a link works.
    package var linkLifetime: Duration
    /// Whether a newer link to the same address, for the same portal, supersedes the earlier ones.
    package var isNewestOnly = true
    /// The time after ``linkLifetime`` for which the confirmation page can explain a link that no longer works.
    package var retention = Duration.zero
    /// The prefix of all keys in Redis.
    package var keyPrefix: String
    /// The deployment's keys, at least one. The first one seals.
    package var keys: [KeyRing.Entry]
    /// The maximum length of the mail queue, in jobs. Requests beyond it are refused. At a kilobyte for each job, the
    /// default takes a gigabyte.
    package var maximumQueueLength = 1_000_000

    package init(limits: SignInLimits, linkLifetime: Duration, keyPrefix: String, keys: [KeyRing.Entry]) {
        self.limits = limits
        self.linkLifetime = linkLifetime
        self.keyPrefix = keyPrefix
        self.keys = keys
    }
}
