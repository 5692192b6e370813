import Bytes
import Cryptography
import Foundation
import TestSupport

@testable import Delivery

/// An HTTPS server with Mailgun's API for messages; see `mailgun.py`.
struct MailgunServer {
    /// A request that the server received.
    struct Request {
        let path: String
        let authorization: String
        /// The names of the header fields, in lower case.
        let fields: [String]
        let parts: JSONObject

        /// The header and the content of a part.
        func part(_ name: String) -> (fields: String, content: [UInt8])? {
            guard case .object(let part)? = parts[name], case .string(let fields)? = part["fields"],
                case .string(let content)? = part["content"], let bytes = Data(base64Encoded: content)
            else { return nil }
            return (fields, Array(bytes))
        }
    }

    let port: Int
    private let process: ChildProcess

    /// Starts a server, and waits until it accepts connections.
    /// - Parameter answer: an HTTP status, or another RESPONSE of `mailgun.py`.
    init(_ answer: String, _ certificate: ServerCertificate) async throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("mailgun.py")
            .path
        let process = try ChildProcess("python3", [script, certificate.certificate, certificate.key, answer])
        self.process = process
        func port() -> Int? {
            process.log.split(separator: "\n").first { $0.hasPrefix("port ") }.flatMap { Int($0.dropFirst(5)) }
        }
        try await eventually(within: .seconds(20), "the server to start; it says: \(process.log)") { port() != nil }
        self.port = port() ?? 0
    }

    /// The requests so far.
    var requests: [Request] {
        get throws {
            try process.log.split(separator: "\n").filter { $0.hasPrefix("{") }.compactMap { line -> Request? in
                guard case .object(let request) = try JSONValue(parsing: Array(line.utf8)),
                    case .string(let path)? = request["path"],
                    case .string(let authorization)? = request["authorization"],
                    case .array(let fields)? = request["fields"], case .object(let parts)? = request["parts"]
                else { return nil }
                let names = fields.compactMap { field -> String? in
                    if case .string(let name) = field { name } else { nil }
                }
                return Request(path: path, authorization: authorization, fields: names, parts: parts)
            }
        }
    }

    /// A transport to a server on this machine.
    static func transport(
        port: Int, trusting authority: CertificateAuthority, key: String = "k3y", connections: Int = 1
    ) -> MailgunTransport {
        MailgunTransport(
            account: MailgunAccount(
                key: Secret(copying: key.utf8), host: "localhost", port: port, domain: "mg.example.com"),
            connections: connections, certificateAuthorities: authority.certificate)
    }
}
