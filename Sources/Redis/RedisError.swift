/// An error of a command. Its description contains no argument and no credential.
package enum RedisError: Error, Equatable {
    /// There is no connection, or too many commands are waiting; the command was not sent. `reason` is that of the last
    /// failure.
    case unavailable(reason: String)
    /// No reply came before the deadline; whether the command was carried out is unknown.
    case timeout
    /// The connection ended before the reply; whether the command was carried out is unknown.
    case connectionLost(reason: String)
    /// Redis answered with an error. `code` is its first word, such as `READONLY`, `OOM` or `NOSCRIPT`.
    case server(code: String, message: String)
    /// The reply is not RESP2, or does not have the form of the command's replies.
    case unexpectedReply(String)
}

extension RedisError {
    /// An error message without the arguments of an unknown command, which Redis repeats: they may be a credential.
    static func withoutArguments(_ message: String) -> String {
        guard let arguments = message.firstRange(of: ", with args beginning with") else { return message }
        return String(message[..<arguments.lowerBound])
    }
}

extension RedisError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unavailable(let reason): "Redis is unavailable: \(reason)"
        case .timeout: "Redis did not answer in time"
        case .connectionLost(let reason): "the connection to Redis ended: \(reason)"
        case .server(_, let message): "Redis answered: \(message)"
        case .unexpectedReply(let what): "Redis sent an unexpected reply: \(what)"
        }
    }
}
