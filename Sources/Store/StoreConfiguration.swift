public import Secrets
public import SignIn

/// What is kept, for how long, and how much of it is let in.
public struct StoreConfiguration: Sendable {
    /// The limits that a request must pass; `nil` is no limit.
    public struct Limits: Sendable {
        public var client: RateLimit?
        public var recipient: RateLimit?
        public var deployment: RateLimit?
        /// How often a client may bring tokens back.
        public var verification: RateLimit?
        /// How often a client may try codes.
        public var code: RateLimit?

        public init(
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

    public var limits: Limits
    /// How long a link can be opened.
    public var linkLifetime: Duration
    /// Whether another link to the same address, for the same portal, ends the earlier ones.
    public var isNewestOnly = true
    /// For how long a link that no longer works can still explain itself.
    public var retention = Duration.zero
    /// What all keys start with.
    public var keyPrefix: String
    /// The deployment's keys, the one that seals first.
    public var keys: [KeyRing.Entry]
    /// How many mails may wait; more are refused. At a kilobyte each, the default is a gigabyte.
    public var maximumQueueLength = 1_000_000

    public init(limits: Limits, linkLifetime: Duration, keyPrefix: String, keys: [KeyRing.Entry]) {
        self.limits = limits
        self.linkLifetime = linkLifetime
        self.keyPrefix = keyPrefix
        self.keys = keys
    }
}
