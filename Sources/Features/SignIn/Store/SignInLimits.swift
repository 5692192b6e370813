import Redis

/// The limits of sign-in; `nil` is no limit.
package struct SignInLimits: Sendable {
    /// Requests for emails, for each client.
    package var client: RateLimit?
    /// Emails, for each recipient.
    package var recipient: RateLimit?
    /// Emails, for the whole deployment.
    package var deployment: RateLimit?
    /// Tokens verified and links confirmed, for each client.
    package var verification: RateLimit?
    /// Codes tried, for each client.
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
