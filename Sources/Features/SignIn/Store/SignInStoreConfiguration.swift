import Cryptography
import Platform

/// What is stored, for how long, and how much of it is admitted.
package struct SignInStoreConfiguration: Sendable {
    package var limits: SignInLimits
    /// How long a link works.
    package var linkLifetime: Duration
    /// Whether another link to the same address, for the same portal, supersedes the earlier ones.
    package var isNewestOnly = true
    /// How much longer the confirmation page can explain a link that no longer works.
    package var retention = Duration.zero
    /// The start of all keys.
    package var keyPrefix: String
    /// The deployment's keys; the first one seals.
    package var keys: [KeyRing.Entry]
    /// How many emails may wait; more are refused. At a kilobyte each, the default is a gigabyte.
    package var maximumQueueLength = 1_000_000

    package init(limits: SignInLimits, linkLifetime: Duration, keyPrefix: String, keys: [KeyRing.Entry]) {
        self.limits = limits
        self.linkLifetime = linkLifetime
        self.keyPrefix = keyPrefix
        self.keys = keys
    }
}
