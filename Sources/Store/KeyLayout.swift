/// The names of what sign-in keeps in Redis.
struct KeyLayout: Sendable {
    private let prefix: String

    init(prefix: String) {
        self.prefix = prefix
    }

    /// The stream of sealed mail jobs.
    var mail: String { prefix + "mail" }

    /// The bucket of the whole deployment.
    var deploymentBucket: String { prefix + "all" }

    /// A client's bucket.
    func clientBucket(network: String) -> String { prefix + "ip:" + network }

    /// A recipient's bucket, by the HMAC of the address.
    func recipientBucket(code: String) -> String { prefix + "to:" + code }

    /// A token's record.
    func token(digest: String) -> String { prefix + "token:" + digest }
}
