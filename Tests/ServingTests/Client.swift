import Foundation
import Testing
import TestSupport

/// A connection to a server in this process. Blocking calls run on their own threads, so that they do not block the
/// threads that the server's tasks need.
struct Client: Sendable {
    let server: LiveServer
    let connection: RawHTTP

    /// - Parameter host: the last number of the loopback address to connect from.
    init(_ server: LiveServer, fromHost host: UInt32 = 1) async throws {
        self.server = server
        let port = server.port
        connection = try await onOwnThread { try RawHTTP(port: port, fromHost: host) }
    }

    func send(_ text: String) async throws {
        try await send(bytes: Array(text.utf8))
    }

    func send(bytes: [UInt8]) async throws {
        let connection = connection
        try await onOwnThread { try connection.send(bytes: bytes) }
    }

    /// Sends bytes one at a time, until all are sent or the server has closed the connection.
    func sendSingly(_ bytes: [UInt8], every pause: Duration = .zero) async {
        for byte in bytes {
            guard (try? await send(bytes: [byte])) != nil else { return }
            if pause > .zero { try? await Task.sleep(for: pause) }
        }
    }

    func closeWriting() {
        connection.closeWriting()
    }

    func close() {
        connection.close()
    }

    /// Waits for the next response.
    func response(isHead: Bool = false, timeout: Duration = .seconds(20)) async throws -> RawResponse {
        let connection = connection
        return try await onOwnThread { try connection.readResponse(isHead: isHead, timeout: timeout) }
    }

    /// Waits for the next responses.
    func responses(_ count: Int) async throws -> [RawResponse] {
        let connection = connection
        return try await onOwnThread {
            try (0..<count).map { _ in try connection.readResponse(timeout: .seconds(20)) }
        }
    }

    /// Waits until the server closes the connection, and returns the bytes until then.
    func rest(timeout: Duration = .seconds(20)) async throws -> [UInt8] {
        let connection = connection
        return try await onOwnThread { try connection.readToEnd(timeout: timeout) }
    }

    /// Sends a request, and waits for its response.
    func ask(_ text: String) async throws -> RawResponse {
        try await send(text)
        return try await response()
    }
}

/// A request without a body.
func getRequest(_ path: String, _ fields: String...) -> String {
    request("GET", path, fields)
}

/// A request with any method, without a body.
func request(_ method: String, _ path: String, _ fields: [String] = []) -> String {
    let lines = fields.map { "\($0)\r\n" }.joined(separator: "")
    return "\(method) \(path) HTTP/1.1\r\nHost: postern\r\n\(lines)\r\n"
}

/// A sign-in request from the portal.
func signInRequest(_ body: String, _ fields: String...) -> String {
    let length = "Content-Length: \(body.utf8.count)"
    return request("POST", "/auth/send-magic-link", signInFields + [length] + fields) + body
}

/// The head of a sign-in request from the portal, without a `Content-Length`.
func signInHead(_ fields: String...) -> String {
    request("POST", "/auth/send-magic-link", signInFields + fields)
}

private let signInFields = ["Content-Type: application/json", "Origin: https://portal.example"]

/// The body of a valid sign-in request.
let validBody = #"{"email":"ada@example.com"}"#

/// One chunk of a chunked body (RFC 9112 §7.1).
func chunk(_ text: String) -> String {
    "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n"
}

/// Checks that a response is a refusal in the documented shape.
/// - Parameters:
///   - language: the language of its sentence.
///   - closes: whether the server closes the connection after it.
func expectRefusal(
    _ response: RawResponse, _ status: Int, _ code: String, in language: String = "en", closes: Bool = true,
    _ comment: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let comment = Comment(rawValue: comment)
    #expect(response.status == status, comment, sourceLocation: sourceLocation)
    #expect(response.json["code"] as? String == code, comment, sourceLocation: sourceLocation)
    #expect((response.json["error"] as? String)?.isEmpty == false, comment, sourceLocation: sourceLocation)
    #expect(response["Content-Type"] == "application/json", comment, sourceLocation: sourceLocation)
    #expect(response["Content-Length"] == "\(response.body.count)", comment, sourceLocation: sourceLocation)
    #expect(response["Cache-Control"] == "no-store", comment, sourceLocation: sourceLocation)
    #expect(response["X-Content-Type-Options"] == "nosniff", comment, sourceLocation: sourceLocation)
    #expect(response["X-Request-Id"]?.isEmpty == false, comment, sourceLocation: sourceLocation)
    #expect(response["Vary"] == "Origin, Accept-Language", comment, sourceLocation: sourceLocation)
    #expect(response["Content-Language"] == language, comment, sourceLocation: sourceLocation)
    #expect(response["Date"]?.hasSuffix(" GMT") == true, comment, sourceLocation: sourceLocation)
    let connection: String? = closes ? "close" : nil
    #expect(response["Connection"] == connection, comment, sourceLocation: sourceLocation)
}

/// Checks that a server still answers, on a new connection.
func expectAlive(_ server: LiveServer, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let response = try await Client(server).ask(getRequest("/healthz"))
    #expect(response.status == 200, sourceLocation: sourceLocation)
}
