/// What can go wrong between a command and its reply. No description holds an argument or a credential.
package enum RedisError: Error, Equatable {
    /// There is no connection, and there was none a moment ago either; nothing was sent. `reason` is the last
    /// failure's.
    case unavailable(reason: String)
    /// No reply within the deadline; whether the command was carried out is unknown.
    case timeout
    /// The connection ended before the reply; whether the command was carried out is unknown.
    case connectionLost(reason: String)
    /// Redis answered with an error. `code` is its first word, such as `READONLY`, `OOM` or `NOSCRIPT`.
    case server(code: String, message: String)
    /// What came is not RESP2, or not the reply that the command has.
    case unexpectedReply(String)
}

extension RedisError {
    /// An error reply without what Redis repeats of a command that it does not know: that may be a credential.
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
