/// The names of what sign-in keeps in Redis.
struct KeyLayout: Sendable {
    private let prefix: String

    init(prefix: String) {
        self.prefix = prefix
    }

    /// The stream of sealed mail jobs.
    var mail: String { prefix + "mail" }

    /// The sorted set of mail jobs that wait for another attempt, by when they are due.
    var retries: String { prefix + "mail:retry" }

    /// The stream of mail jobs that were given up.
    var dead: String { prefix + "mail:dead" }

    /// The bucket of the whole deployment.
    var deploymentBucket: String { prefix + "all" }

    /// A client's bucket.
    func clientBucket(network: String) -> String { prefix + "ip:" + network }

    /// A recipient's bucket, by the HMAC of the address.
    func recipientBucket(code: String) -> String { prefix + "to:" + code }

    /// A token's record.
    func token(digest: String) -> String { prefix + "token:" + digest }
}
