import MailQueue

/// The names of what sign-in stores in Redis. Scripts make two kinds themselves from the prefix: `token:` and a token's
/// digest, and `tries:` and a recipient's tag, where wrong codes are counted.
struct SignInKeys: Sendable {
    let prefix: String
    private let queue: QueueKeys

    init(prefix: String) {
        self.prefix = prefix
        queue = QueueKeys(prefix: prefix)
    }

    /// The stream of sealed mail jobs.
    var mail: String { queue.mail }

    /// The bucket of the whole deployment.
    var deploymentBucket: String { prefix + "all" }

    /// A client's bucket for requests.
    func clientBucket(network: String) -> String { prefix + "ip:" + network }

    /// A client's bucket for tokens.
    func verificationBucket(network: String) -> String { prefix + "verify:" + network }

    /// A client's bucket for codes.
    func codeBucket(network: String) -> String { prefix + "code:" + network }

    /// A recipient's bucket.
    func recipientBucket(tag: String) -> String { prefix + "to:" + tag }

    /// A token's entry.
    func token(digest: String) -> String { prefix + "token:" + digest }

    /// A code handle's entry.
    func handle(digest: String) -> String { prefix + "request:" + digest }

    /// The digest of the newest token for a recipient and a portal, by the tag of both.
    func newest(tag: String) -> String { prefix + "newest:" + tag }
}
