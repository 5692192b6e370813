/// The names of what sign-in keeps in Redis. Scripts make two kinds themselves, out of the prefix: `token:` with a
/// token's digest, and `tries:` with a recipient's code, where wrong codes are counted.
struct KeyLayout: Sendable {
    let prefix: String

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

    /// A client's bucket for requests.
    func clientBucket(network: String) -> String { prefix + "ip:" + network }

    /// A client's bucket for tokens brought back.
    func verificationBucket(network: String) -> String { prefix + "verify:" + network }

    /// A client's bucket for codes.
    func codeBucket(network: String) -> String { prefix + "code:" + network }

    /// A recipient's bucket, by the HMAC of the address.
    func recipientBucket(code: String) -> String { prefix + "to:" + code }

    /// A token's entry.
    func token(digest: String) -> String { prefix + "token:" + digest }

    /// The entry of a request that asked for a code.
    func request(digest: String) -> String { prefix + "request:" + digest }

    /// The digest of the newest token for a recipient and a portal, by the HMAC of both.
    func newest(code: String) -> String { prefix + "newest:" + code }
}
