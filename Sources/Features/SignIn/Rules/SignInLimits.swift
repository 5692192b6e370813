import Platform
import Redis
import Settings

/// The rate limits of sign-in.
package struct SignInLimits: Sendable {
    /// Sign-in requests by each client.
    package var client = Limit(
        "client", key: "ip:", setting: "POSTERN_IP_LIMIT", default: RateLimit(burst: 10, period: .seconds(600)))
    /// Sign-in requests for each recipient from each client: a stranger's requests do not count against the owner's.
    package var recipient = Limit(
        "recipient", key: "to:", setting: "POSTERN_RECIPIENT_LIMIT",
        default: RateLimit(burst: 3, period: .seconds(900)))
    /// Sign-in requests for each recipient from all clients.
    package var mailbox = Limit("mailbox", key: "to:", setting: "POSTERN_MAILBOX_LIMIT", default: nil)
    /// Sign-in requests to the whole deployment.
    package var deployment = Limit(
        "deployment", key: "all", setting: "POSTERN_GLOBAL_LIMIT",
        default: RateLimit(burst: 100_000, period: .seconds(600)))
    /// Tokens verified and links confirmed by each client.
    package var verification = Limit(
        "verification", key: "verify:", setting: "POSTERN_VERIFY_LIMIT",
        default: RateLimit(burst: 600, period: .seconds(60)))
    /// Codes verified by each client.
    package var code = Limit(
        "code", key: "code:", setting: "POSTERN_CODE_LIMIT", default: RateLimit(burst: 30, period: .seconds(600)))
    /// Wrong codes of the whole deployment. One in a million guesses is right.
    package var deploymentCodes = Limit(
        "deployment_codes", key: "wrong-codes", setting: "POSTERN_GLOBAL_CODE_LIMIT",
        default: RateLimit(burst: 1000, period: .seconds(600)))

    /// Whether the aliases of a mailbox, such as `ada+shop@example.com`, share its buckets.
    package var areAliasesOne = true

    /// The limits of the whole deployment.
    var ofDeployment: [Limit] { [deployment, deploymentCodes] }

    /// By default, a recipient gets as many times the emails of ``recipient`` from all clients. It is more than the
    /// widest network of one client is admitted, so that nobody uses up the whole of it from one network.
    private static let mailboxFactor = 8

    private static var limits: [WritableKeyPath<SignInLimits, Limit>] {
        [\.client, \.recipient, \.mailbox, \.deployment, \.verification, \.code, \.deploymentCodes]
    }

    /// All limits, in this order.
    var all: [Limit] { SignInLimits.limits.map { self[keyPath: $0] } }

    /// Reads the rates, and `POSTERN_RECIPIENT_ALIASES`, from the environment.
    /// - Throws: ``SettingError`` for the first one that is invalid.
    package init(_ environment: Environment) throws(SettingError) {
        for limit in SignInLimits.limits {
            if limit == \.mailbox { mailbox.rate = recipient.rate?.times(SignInLimits.mailboxFactor) }
            try self[keyPath: limit].read(environment)
        }
        areAliasesOne = try environment.optional("POSTERN_RECIPIENT_ALIASES", example: "on", parseSwitch) ?? true
    }

    /// - Parameters: the rates; `nil` for no limit.
    package init(
        client: RateLimit?, recipient: RateLimit?, mailbox: RateLimit? = nil, deployment: RateLimit?,
        verification: RateLimit? = nil, code: RateLimit? = nil, deploymentCodes: RateLimit? = nil
    ) {
        self.client.rate = client
        self.recipient.rate = recipient
        self.mailbox.rate = mailbox
        self.deployment.rate = deployment
        self.verification.rate = verification
        self.code.rate = code
        self.deploymentCodes.rate = deploymentCodes
    }
}
