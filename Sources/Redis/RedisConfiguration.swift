import NIOCore
import Cryptography

/// How connections to Redis are made.
package struct RedisConfiguration: Sendable {
    /// Where Redis is.
    package var url: RedisURL
    /// How long a command may take, a connection to be made, and a new connection to answer: each on its own.
    package var timeout: TimeAmount
    /// After how long a silence a connection is given only a part of that time to answer, a quarter or 200 ms, before
    /// another is made.
    package var suspicionDelay = TimeAmount.seconds(30)
    /// The name that `CLIENT LIST` shows.
    package var clientName: String
    /// A PEM file of the certificate authorities to trust instead of the system's, for `rediss://`.
    package var certificateAuthorities: String?
    /// What a server that a connection is made to is to know. Where it may not be told, the first call tells it.
    package var scripts: [Script]

    package init(
        url: RedisURL, timeout: TimeAmount = .seconds(1), clientName: String = "postern",
        certificateAuthorities: String? = nil, scripts: [Script] = []
    ) {
        self.url = url
        self.timeout = timeout
        self.clientName = clientName
        self.certificateAuthorities = certificateAuthorities
        self.scripts = scripts
    }

    /// A command that makes a new connection ready, and what its reply decides.
    struct HandshakeStep {
        enum Kind {
            /// An error fails the connection.
            case required
            /// An error changes nothing.
            case optional
            /// Tells which of the scripts the server knows.
            case scripts
        }

        let command: RedisCommand
        let kind: Kind

        init(_ kind: Kind, _ command: RedisCommand) {
            self.command = command
            self.kind = kind
        }
    }

    /// All of them, in the order in which they are sent.
    var handshake: [HandshakeStep] {
        var steps: [HandshakeStep] = []
        if let password = url.password {
            var command = RedisCommand("AUTH")
            if let user = url.user { command.append(user) }
            command.append(password.withUnsafeBytes(Array.init))
            steps.append(HandshakeStep(.required, command))
        }
        // A convenience for who looks at Redis, which some hosted ones refuse.
        steps.append(HandshakeStep(.optional, RedisCommand("CLIENT", "SETNAME", clientName)))
        if url.database > 0 { steps.append(HandshakeStep(.required, RedisCommand("SELECT", String(url.database)))) }
        if !scripts.isEmpty {
            var command = RedisCommand("SCRIPT", "EXISTS")
            for script in scripts { command.append(script.digest) }
            steps.append(HandshakeStep(.scripts, command))
        }
        // Last, since it answers only where commands are accepted: not while loading, and not without a password that
        // is due.
        steps.append(HandshakeStep(.required, RedisCommand("PING")))
        return steps
    }
}
