import Cryptography

/// A mail server for message submission: its address, connection security and credentials.
package struct SMTPServer: Sendable {
    /// A kind of connection security.
    package enum Security: Sendable, Equatable {
        /// TLS from the first byte (RFC 8314 §3.3).
        case implicitTLS
        /// TLS before credentials and message (RFC 3207). If the server does not offer it, neither is sent.
        case startTLS
        /// No encryption: only for a server on this machine.
        case none
    }

    /// A user name and password.
    package struct Credentials: Sendable {
        /// The user name for AUTH (RFC 4954), without a zero byte.
        package let user: String
        /// The password, without a zero byte.
        package let password: Secret
    }

    /// The host name or IP address; an IPv6 address has no brackets.
    package let host: String
    /// The port, 1 to 65535.
    package let port: Int
    /// The connection security.
    package let security: Security
    /// The credentials, or `nil` to connect without authentication.
    package let credentials: Credentials?
}
