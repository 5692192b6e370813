import Redis

/// The outcome of a token or a code that a client presented.
package enum Verification: Sendable {
    /// It was valid, and is taken: it works no second time.
    case signedIn(SignedIn, Quota?)
    /// It was not: unknown, used, expired, superseded, or presented with the wrong code verifier.
    ///
    /// Holds a fake sign-in, so that the caller can do the same work for it as for a real one, and takes as long.
    case refused(decoy: SignedIn, Quota?)
    /// The client presented too many.
    case limited(retryAfter: Duration, Quota?)
}

/// A completed sign-in.
package struct SignedIn: Sendable {
    /// The sign-in's name: that of the mailed token.
    package let id: String
    package let record: TokenRecord

    init(by token: LoginToken, _ record: TokenRecord) {
        id = token.id
        self.record = record
    }
}
