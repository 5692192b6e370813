import Bytes
import Platform
import Settings

/// The source of requests, which the host selects by the environment variables that it sets.
package enum RequestSource: Sendable, Equatable {
    /// AWS Lambda. `AWS_LAMBDA_RUNTIME_API` is the Runtime API's address, such as `127.0.0.1:9001`.
    /// `AWS_LAMBDA_MAX_CONCURRENCY` is the number of invocations that may run at once: 1 to 1000, by default 1.
    case lambda(host: String, port: Int, concurrency: Int)
    /// A socket that is already listening, passed by systemd (sd_listen_fds(3)). `LISTEN_FDS` must be 1. `LISTEN_PID`
    /// must be this process's id; otherwise the socket is meant for another process.
    case listeningSocket(descriptor: Int)
    /// An address to listen on. The host is `HOST`, by default `0.0.0.0`. The port is `FUNCTIONS_CUSTOMHANDLER_PORT`,
    /// which Azure sets, or else `PORT`, by default 8080; 0 takes a free port.
    case address(host: String, port: Int)

    /// The first descriptor that systemd passes.
    private static let firstDescriptor = 3

    /// Reads the variables. The first match in the order above wins.
    /// - Throws: ``SettingError`` for the first variable that is invalid.
    package init(_ environment: Environment) throws(SettingError) {
        if let (host, port) = try RequestSource.runtimeAPI(environment) {
            let concurrency = try environment.optional("AWS_LAMBDA_MAX_CONCURRENCY", example: "10") {
                (text) throws(ParseError) in
                try parseNumber(text, in: 1...1000, "must be a number from 1 to 1000")
            }
            self = .lambda(host: host, port: port, concurrency: concurrency ?? 1)
        } else if try RequestSource.isSocketPassed(environment) {
            self = .listeningSocket(descriptor: RequestSource.firstDescriptor)
        } else {
            let host = try environment.optional("HOST", example: "0.0.0.0") { (text) throws(ParseError) in text }
            let azure = try environment.optional("FUNCTIONS_CUSTOMHANDLER_PORT", example: "8080", parsePort)
            let port = try environment.optional("PORT", example: "8080", parsePort)
            self = .address(host: host ?? "0.0.0.0", port: azure ?? port ?? 8080)
        }
    }

    /// Whether requests come by a Unix socket.
    package var isUnixSocket: Bool {
        guard case .listeningSocket(let descriptor) = self else { return false }
        return Platform.isUnixSocket(CInt(descriptor))
    }

    /// The address of AWS Lambda's Runtime API; `nil` if the process does not run on Lambda.
    /// - Throws: ``SettingError`` if `AWS_LAMBDA_RUNTIME_API` is not `HOST:PORT`.
    package static func runtimeAPI(_ environment: Environment) throws(SettingError) -> (host: String, port: Int)? {
        try environment.optional("AWS_LAMBDA_RUNTIME_API", example: "127.0.0.1:9001") { (text) throws(ParseError) in
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, let port = try? parsePort(String(parts[1])), port > 0 else {
                throw ParseError("must be HOST:PORT")
            }
            return (String(parts[0]), port)
        }
    }

    private static func isSocketPassed(_ environment: Environment) throws(SettingError) -> Bool {
        let process = try environment.optional("LISTEN_PID", example: "123") { (text) throws(ParseError) in Int(text) }
        guard process == Int(getpid()) else { return false }
        let count = try environment.optional("LISTEN_FDS", example: "1") { (text) throws(ParseError) in
            try parseNumber(text, in: 1...1, "must be 1: exactly one listening socket is supported")
        }
        return count != nil
    }
}
