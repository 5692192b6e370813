public import Secrets
public import SignIn

/// What is kept, for how long, and how much of it is let in.
public struct StoreConfiguration: Sendable {
    /// The limits that a request must pass; `nil` is no limit.
    public struct Limits: Sendable {
        public var client: RateLimit?
        public var recipient: RateLimit?
        public var deployment: RateLimit?

        public init(client: RateLimit?, recipient: RateLimit?, deployment: RateLimit?) {
            self.client = client
            self.recipient = recipient
            self.deployment = deployment
        }
    }

    public var limits: Limits
    /// How long a link can be opened.
    public var linkLifetime: Duration
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
