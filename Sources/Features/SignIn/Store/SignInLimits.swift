import Redis

/// The rate limits of sign-in; `nil` means no limit.
package struct SignInLimits: Sendable {
    /// Sign-in requests by each client.
    package var client: RateLimit?
    /// Sign-in requests for each recipient.
    package var recipient: RateLimit?
    /// Sign-in requests to the whole deployment.
    package var deployment: RateLimit?
    /// Tokens verified and links confirmed by each client.
    package var verification: RateLimit?
    /// Codes verified by each client.
    package var code: RateLimit?

    package init(
        client: RateLimit?, recipient: RateLimit?, deployment: RateLimit?, verification: RateLimit? = nil,
        code: RateLimit? = nil
    ) {
        self.client = client
        self.recipient = recipient
        self.deployment = deployment
        self.verification = verification
        self.code = code
    }
}
