public import NIOCore
import Secrets

/// How connections to Redis are made.
public struct RedisConfiguration: Sendable {
    /// Where Redis is.
    public var url: RedisURL
    /// How long a command may take, a connection to be made, and a new connection to answer: each on its own.
    public var timeout: TimeAmount
    /// After how long a silence a connection is given only a quarter of that time to answer before another is made.
    public var suspicionDelay = TimeAmount.seconds(30)
    /// The name that `CLIENT LIST` shows.
    public var clientName: String
    /// A PEM file of the certificate authorities to trust instead of the system's, for `rediss://`.
    public var certificateAuthorities: String?
    /// Commands to send on each new connection before it is used, such as `SCRIPT LOAD`. They save time later, and may
    /// be refused.
    public var preparations: [RedisCommand]

    public init(
        url: RedisURL, timeout: TimeAmount = .seconds(1), clientName: String = "postern",
        certificateAuthorities: String? = nil, preparations: [RedisCommand] = []
    ) {
        self.url = url
        self.timeout = timeout
        self.clientName = clientName
        self.certificateAuthorities = certificateAuthorities
        self.preparations = preparations
    }

    /// The commands that make a new connection ready, and whether an error from each fails it.
    var handshake: [(command: RedisCommand, isRequired: Bool)] {
        var steps: [(command: RedisCommand, isRequired: Bool)] = []
        if let password = url.password {
            var command = RedisCommand("AUTH")
            if let user = url.user { command.append(user) }
            command.append(password.withUnsafeBytes(Array.init))
            steps.append((command, true))
        }
        // A convenience for who looks at Redis, which some hosted ones refuse.
        steps.append((RedisCommand("CLIENT", "SETNAME", clientName), false))
        if url.database > 0 { steps.append((RedisCommand("SELECT", String(url.database)), true)) }
        steps += preparations.map { ($0, false) }
        // Last, since it answers only where commands are accepted: not while loading, and not without a password that
        // is due.
        steps.append((RedisCommand("PING"), true))
        return steps
    }
}
