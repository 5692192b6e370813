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
    package func links(at place: Place) -> String { prefix + "links:" + place.text }

    /// The wrong codes of the recipient of a place.
    func tries(at place: Place) -> String { prefix + "wrong:" + place.recipientTag }
}
