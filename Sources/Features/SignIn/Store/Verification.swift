import Redis

/// The outcome of a token or a code that a client presented.
package enum Verification: Sendable {
    /// It was valid, and is now used: it does not work again.
    case signedIn(SignedIn, Quota?)
    /// It was not valid: unknown, used, expired, superseded, or presented with the wrong code verifier.
    ///
    /// Holds a fake sign-in. The caller processes it like a real one, so that refusal takes as long as success.
    /// - Parameter locksCodes: whether this was the wrong code after which none works for a time.
    case refused(decoy: SignedIn, Quota?, locksCodes: Bool)
    /// The client has presented too many tokens or codes, or there were too many wrong codes in the whole deployment.
    case limited(by: Limit, retryAfter: Duration, Quota?)
}

/// A completed sign-in.
package struct SignedIn: Sendable {
    /// The id of the sign-in: that of the mailed token.
    package let id: String
    package let record: TokenRecord

    init(by token: LoginToken, _ record: TokenRecord) {
        id = token.id
        self.record = record
    }
}
