/// An error of a command. Its description contains no argument and no credential.
package enum RedisError: Error, Equatable {
    /// There is no connection, or too many commands are waiting; the command was not sent. `reason` is that of the last
    /// failure.
    case unavailable(reason: String)
    /// No reply came before the deadline; whether the command was carried out is unknown.
    case timeout
    /// The connection ended before the reply; whether the command was carried out is unknown.
    case connectionLost(reason: String)
    /// Redis answered with an error. `code` is its first word, such as `READONLY`, `OOM` or `NOSCRIPT`, or the code that
    /// the text of a script's error stands for.
    case server(code: String, message: String)
    /// The reply is not RESP2, or does not have the form of the command's replies.
    case unexpectedReply(String)
}

extension RedisError {
    /// The error of an error reply.
    /// - Parameter text: the reply, without its leading `-`.
    init(errorReply text: String) {
        let reply = ErrorReply(text)
        self = .server(code: reply.code, message: reply.message)
    }

    /// An error message without the arguments of an unknown command, which Redis repeats: they may be a credential.
    static func withoutArguments(_ message: String) -> String {
        guard let arguments = message.firstRange(of: ", with args beginning with") else { return message }
        return String(message[..<arguments.lowerBound])
    }
}

extension RedisError {
    /// Whether Redis, its configuration or the settings prevent the command now, rather than a defect.
    package var isOutage: Bool {
        switch self {
        case .unavailable, .timeout, .connectionLost: true
        case .server(let code, _): [.wrongServer, .busy, .outage].contains(ErrorReply.meaning(of: code))
        case .unexpectedReply: false
        }
    }

    /// Whether the error is an answer that callers know, such as that a consumer group exists.
    var isExpected: Bool {
        guard case .server(let code, _) = self else { return false }
        return [.expected, .unknownScript].contains(ErrorReply.meaning(of: code))
    }

    /// The error's kind, as a label of metrics.
    package var kind: String {
        switch self {
        case .unavailable: "unavailable"
        case .timeout: "timeout"
        case .connectionLost: "connection_lost"
        case .server(let code, _): ErrorReply.metricName(of: code)
        case .unexpectedReply: "unexpected_reply"
        }
    }
}

extension RedisError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unavailable(let reason): "Redis is unavailable: \(reason)"
        case .timeout: "Redis did not answer in time"
        case .connectionLost(let reason): "the connection to Redis ended: \(reason)"
        case .server(let code, let message):
            "Redis answered: \(message)" + (ErrorReply.advice(for: code).map { "; \($0)" } ?? "")
        case .unexpectedReply(let what): "Redis sent an unexpected reply: \(what)"
        }
    }
}
