public import SignIn

/// The outcome of a token or a code that was brought back.
public enum Verification: Sendable {
    /// It was good, and is taken: nobody else gets in with it.
    case signedIn(SignedIn, Admission.Quota?)
    /// It was not: unknown, used, expired, ended by a newer one, or brought by somebody else than who asked.
    ///
    /// Holds somebody who never was, so that a caller can do for nothing what it does for a person, and takes as long.
    case refused(decoy: SignedIn, Admission.Quota?)
    /// The client brought too many.
    case limited(retryAfter: Duration, Admission.Quota?)
}

/// Somebody who got in.
public struct SignedIn: Sendable {
    /// What names this sign-in: the mailed token's.
    public let id: String
    public let record: TokenRecord

    init(by token: LoginToken, _ record: TokenRecord) {
        id = token.id
        self.record = record
    }
}
