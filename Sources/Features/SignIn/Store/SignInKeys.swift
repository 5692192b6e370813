import MailQueue

/// The keys of sign-in in Redis, other than those of buckets.
package struct SignInKeys: Sendable {
    package let prefix: String
    private let queue: QueueKeys

    init(prefix: String) {
        self.prefix = prefix
        queue = QueueKeys(prefix: prefix)
    }

    /// The stream of sealed mail jobs.
    package var mail: String { queue.mail }

    /// The links of a place.
    package func links(at place: Place) -> String { prefix + "link:" + place.text }

    /// The count of wrong codes for the recipient of a place.
    func tries(at place: Place) -> String { prefix + "tries:" + place.recipientTag }

    /// A token's entry, as earlier versions stored it.
    func earlierToken(digest: String) -> String { prefix + "token:" + digest }

    /// A code handle's entry, as earlier versions stored it.
    func earlierHandle(digest: String) -> String { prefix + "request:" + digest }

    /// The count of wrong codes for a recipient, as earlier versions stored it.
    func earlierTries(recipientTag: String) -> String { prefix + "tries:" + recipientTag }
}
