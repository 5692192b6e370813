import Foundation
import TestSupport

/// The release build of the handler or the API, started by `bootstrap`, as a host would start it.
final class Handler: Sendable {
    static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The bytes 0 to 31, in base64.
    static let secretKey = "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

    /// A signing key: the bytes 32 to 63, in base64.
    static let signingKey = "s1:" + Data(32..<64).base64EncodedString()

    let process: ChildProcess
    let port: Int

    /// Starts the handler, and waits until it listens or has ended.
    /// - Parameters:
    ///   - url: the URL of Redis.
    ///   - settings: environment variables in addition to those that every test needs.
    ///   - given: the port on which it will listen according to the settings; `nil` for a free port.
    ///   - arguments: those of `bootstrap`: `api` for the API.
    ///   - launcher: a program and arguments that start `bootstrap` in the end.
    init(
        redis url: String, _ settings: [String: String] = [:], at given: Int? = nil, arguments: [String] = [],
        launcher: [String] = []
    ) async throws {
        let port = try given ?? freePort()
        let environment = [
            "HOST": "127.0.0.1", "PORT": "\(port)", "REDIS_URL": url,
            "POSTERN_ALLOWED_ORIGINS": "https://example.com", "POSTERN_SECRET_KEYS": Handler.secretKey,
        ]
        let command = launcher + [Handler.repository.appendingPathComponent("bootstrap").path] + arguments
        let process = try ChildProcess(
            command[0], Array(command.dropFirst()),
            environment: environment.merging(settings) { _, own in own })
        self.port = port
        self.process = process
        try await eventually("the handler to listen; its log: \(process.log)") {
            (try? RawHTTP(port: port)) != nil || !process.isRunning
        }
    }

    /// Sends one sign-in request on a new connection.
    func signIn(
        _ body: String = #"{"email":"ada@example.com"}"#, fields: String = "Origin: https://example.com\r\n"
    ) throws -> RawResponse {
        try post(body, fields: "Content-Type: application/json\r\n\(fields)")
    }

    /// Sends a POST with these header fields on a new connection.
    func post(_ body: String, to path: String = "/auth/send-magic-link", fields: String) throws -> RawResponse {
        let connection = try RawHTTP(port: port)
        try connection.send(
            "POST \(path) HTTP/1.1\r\nHost: postern\r\n\(fields)"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        return try connection.readResponse()
    }

    /// Sends the same request an exact number of times over 32 connections, with ApacheBench.
    /// - Returns: The number of responses other than 2xx.
    func flood(requests: Int, body: String = #"{"email":"ada@example.com"}"#) throws -> Int {
        let folder = try Folder()
        let file = "\(folder.path)/body"
        try body.write(toFile: file, atomically: true, encoding: .utf8)
        let output = try ChildProcess.output(
            "ab",
            [
                "-q", "-k", "-n", "\(requests)", "-c", "32", "-p", file, "-T", "application/json", "-H",
                "Origin: https://example.com", "http://127.0.0.1:\(port)/auth/send-magic-link",
            ])
        let text = String(decoding: output, as: UTF8.self)
        func number(_ label: String) -> Int {
            let line = text.split(separator: "\n").first { $0.hasPrefix(label) } ?? ""
            return Int(line.dropFirst(label.count).filter(\.isNumber)) ?? 0
        }
        guard number("Complete requests:") == requests else { throw Timeout(description: "ab: \(text)") }
        return number("Non-2xx responses:")
    }

    func get(_ path: String) throws -> RawResponse {
        let connection = try RawHTTP(port: port)
        try connection.send("GET \(path) HTTP/1.1\r\nHost: postern\r\n\r\n")
        return try connection.readResponse()
    }
}
