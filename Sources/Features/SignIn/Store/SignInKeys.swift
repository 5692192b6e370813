import MailQueue

/// The keys of sign-in in Redis. Scripts build two kinds themselves from the prefix: `token:` with the digest of a
/// token, and `tries:` with a recipient's tag, which counts wrong codes.
struct SignInKeys: Sendable {
    let prefix: String
    private let queue: QueueKeys

    init(prefix: String) {
        self.prefix = prefix
        queue = QueueKeys(prefix: prefix)
    }

    /// The stream of sealed mail jobs.
    var mail: String { queue.mail }

    /// The bucket of the whole deployment, for sign-in requests.
    var deploymentBucket: String { prefix + "all" }

    /// A client's bucket for sign-in requests.
    func clientBucket(network: String) -> String { prefix + "ip:" + network }

    /// A client's bucket for verified tokens and confirmed links.
    func verificationBucket(network: String) -> String { prefix + "verify:" + network }

    /// A client's bucket for verified codes.
    func codeBucket(network: String) -> String { prefix + "code:" + network }

    /// A recipient's bucket for sign-in requests.
    func recipientBucket(tag: String) -> String { prefix + "to:" + tag }

    /// A token's entry.
    func token(digest: String) -> String { prefix + "token:" + digest }

    /// A code handle's entry.
    func handle(digest: String) -> String { prefix + "request:" + digest }

    /// The digest of the newest token for a recipient and a portal, by the tag of both.
    func newest(tag: String) -> String { prefix + "newest:" + tag }
}
