public import Secrets

/// A mail server to submit to: where it is, how the connection is protected, and who submits.
public struct SMTPServer: Sendable {
    /// How the connection is protected.
    public enum Security: Sendable, Equatable {
        /// TLS from the first byte (RFC 8314 §3.3).
        case implicitTLS
        /// TLS before anything is said that matters; nothing is sent where the server does not offer it (RFC 3207).
        case startTLS
        /// None: to this machine alone.
        case none
    }

    /// A user's name and password.
    public struct Credentials: Sendable {
        public let user: String
        public let password: Secret
    }

    public let host: String
    public let port: Int
    public let security: Security
    public let credentials: Credentials?
}
