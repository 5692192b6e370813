import Cryptography

/// A mail server to submit to: where it is, how the connection is protected, and who submits.
package struct SMTPServer: Sendable {
    /// How the connection is protected.
    package enum Security: Sendable, Equatable {
        /// TLS from the first byte (RFC 8314 §3.3).
        case implicitTLS
        /// TLS before anything is said that matters; nothing is sent where the server does not offer it (RFC 3207).
        case startTLS
        /// None: to this machine alone.
        case none
    }

    /// A user's name and password.
    package struct Credentials: Sendable {
        /// As AUTH takes it (RFC 4954).
        package let user: String
        /// Without a zero byte.
        package let password: Secret
    }

    /// A name, or an address; one of IPv6 without brackets.
    package let host: String
    /// 1 to 65535.
    package let port: Int
    /// How the connection is protected.
    package let security: Security
    /// Who submits; `nil` where nobody has to say.
    package let credentials: Credentials?
}
