import Platform
import Redis
import Settings

/// The rate limits of sign-in.
package struct SignInLimits: Sendable {
    /// Sign-in requests by each client.
    package var client = Limit(
        "client", key: "ip:", setting: "POSTERN_IP_LIMIT", default: RateLimit(burst: 10, period: .seconds(600)))
    /// Sign-in requests for each recipient.
    package var recipient = Limit(
        "recipient", key: "to:", setting: "POSTERN_RECIPIENT_LIMIT",
        default: RateLimit(burst: 3, period: .seconds(900)))
    /// Sign-in requests to the whole deployment.
    package var deployment = Limit("deployment", key: "all", setting: "POSTERN_GLOBAL_LIMIT", default: nil)
    /// Tokens verified and links confirmed by each client.
    package var verification = Limit(
        "verification", key: "verify:", setting: "POSTERN_VERIFY_LIMIT",
        default: RateLimit(burst: 600, period: .seconds(60)))
    /// Codes verified by each client.
    package var code = Limit(
        "code", key: "code:", setting: "POSTERN_CODE_LIMIT", default: RateLimit(burst: 30, period: .seconds(600)))

    private static var limits: [WritableKeyPath<SignInLimits, Limit>] {
        [\.client, \.recipient, \.deployment, \.verification, \.code]
    }

    /// All limits, in this order.
    var all: [Limit] { SignInLimits.limits.map { self[keyPath: $0] } }

    /// Reads the rates from the environment.
    /// - Throws: ``SettingError`` for the first one that is invalid.
    package init(_ environment: Environment) throws(SettingError) {
        for limit in SignInLimits.limits { try self[keyPath: limit].read(environment) }
    }

    /// - Parameters: the rates; `nil` for no limit.
    package init(
        client: RateLimit?, recipient: RateLimit?, deployment: RateLimit?, verification: RateLimit? = nil,
        code: RateLimit? = nil
    ) {
        self.client.rate = client
        self.recipient.rate = recipient
        self.deployment.rate = deployment
        self.verification.rate = verification
        self.code.rate = code
    }
}
