import Cryptography
import NIOCore

/// The configuration of a client.
package struct RedisConfiguration: Sendable {
    /// The address of Redis, and the credentials for it.
    package var url: RedisURL
    /// The timeout of a command, of connecting, and of the handshake, for each separately. Default: 1 s.
    package var timeout: TimeAmount
    /// The time without traffic after which a connection may be dead. An idempotent command on such a connection is
    /// given only a part of ``timeout``, a quarter or 200 ms, before it is sent again on a new connection. Default: 30
    /// s.
    package var suspicionDelay = TimeAmount.seconds(30)
    /// The client's name in `CLIENT LIST`.
    package var clientName: String
    /// A PEM file of the certificate authorities to trust instead of the system's, for `rediss://`.
    package var certificateAuthorities: String?
    /// The scripts that a new connection loads into its server if they are missing. If the server does not permit that,
    /// the first call of each script loads it.
    package var scripts: [ScriptSource]
    /// Called with the error of each command that failed, such as to count it. Answers that callers know, such as that
    /// a script is missing, are no failures.
    package var onFailure: (@Sendable (RedisError) -> Void)?

    package init(
        url: RedisURL, timeout: TimeAmount = .seconds(1), clientName: String = "postern",
        certificateAuthorities: String? = nil, scripts: [ScriptSource] = []
    ) {
        self.url = url
        self.timeout = timeout
        self.clientName = clientName
        self.certificateAuthorities = certificateAuthorities
        self.scripts = scripts
    }

    /// A command of a new connection's handshake, and the meaning of its reply.
    struct HandshakeStep {
        enum Kind {
            /// An error reply fails the connection.
            case required
            /// An error reply is ignored.
            case optional
            /// The reply says which scripts the server has. An error reply is ignored.
            case scripts
            /// The reply is the server's time. An error reply is ignored.
            case clock
        }

        let command: RedisCommand
        let kind: Kind

        init(_ kind: Kind, _ command: RedisCommand) {
            self.command = command
            self.kind = kind
        }
    }

    /// The steps of the handshake, in the order in which they are sent.
    var handshake: [HandshakeStep] {
        var steps: [HandshakeStep] = []
        if let password = url.password {
            var command = RedisCommand("AUTH")
            if let user = url.user { command.append(user) }
            command.append(password.withUnsafeBytes(Array.init))
            steps.append(HandshakeStep(.required, command))
        }
        // A convenience for operators. Some hosted services refuse it.
        steps.append(HandshakeStep(.optional, RedisCommand("CLIENT", "SETNAME", clientName)))
        if url.database > 0 { steps.append(HandshakeStep(.required, RedisCommand("SELECT", String(url.database)))) }
        if !scripts.isEmpty {
            var command = RedisCommand("SCRIPT", "EXISTS")
            for script in scripts { command.append(script.digest) }
            steps.append(HandshakeStep(.scripts, command))
        }
        steps.append(HandshakeStep(.clock, RedisCommand("TIME")))
        // Last: it succeeds only if Redis accepts commands, so neither while Redis loads its data, nor without a
        // required password.
        steps.append(HandshakeStep(.required, RedisCommand("PING")))
        return steps
    }
}
