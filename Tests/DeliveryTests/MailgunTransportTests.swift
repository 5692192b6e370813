import Cryptography
import Foundation
import MailMessage
import TestSupport
import Testing

@testable import Delivery

@Suite
struct MailgunTransportTests {
    /// Kept for the lifetime of the process, because a client reads the authority's certificate with each connection.
    private static let authority: CertificateAuthority = {
        try! CertificateAuthority()  // The tests require openssl.
    }()

    /// A server, and a transport that trusts it.
    private func start(_ answer: String, key: String = "k3y") async throws -> (MailgunServer, MailgunTransport) {
        let authority = MailgunTransportTests.authority
        let server = try await MailgunServer(answer, try authority.issue())
        return (server, MailgunServer.transport(port: server.port, trusting: authority, key: key))
    }

    @Test("the request has the form that the API requires", arguments: ["k3y", "key-0123:/?@#%\"\\é"])
    func request(key: String) async throws {
        let (server, transport) = try await start("200", key: key)
        let content = "Subject: Hello\r\n\r\n--postern\r\n.\r\n\u{7F}\r\n\r\n"
        let message = try Sample.message(to: "o'neil+a@example.org", content: content)
        #expect(try await deliver(message, by: transport).summary == "delivered 200")
        let request = try #require(try server.requests.first)
        #expect(request.path == "/v3/mg.example.com/messages.mime")
        #expect(request.authorization == "Basic " + Data("api:\(key)".utf8).base64EncodedString())
        #expect(request.part("to")?.content == Array("o'neil+a@example.org".utf8))
        #expect(request.part("o:tracking")?.content == Array("no".utf8))
        let file = try #require(request.part("message"))
        #expect(file.content == message.content)
        #expect(file.fields.contains("Content-Disposition: form-data; name=\"message\"; filename=\""))
        // The client does not wait for `100 Continue`, which not every server sends.
        #expect(!request.fields.contains("expect"))
        #expect(request.fields.contains("content-length") && !request.fields.contains("transfer-encoding"))
    }

    @Test("a large message arrives byte for byte")
    func large() async throws {
        let (server, transport) = try await start("200")
        let line = ".\(String(repeating: "x", count: 70))\r\n"
        let message = try Sample.message(content: String(repeating: line, count: 5000))
        #expect(try await deliver(message, by: transport).summary == "delivered 200")
        let isEqual = try server.requests.first?.part("message")?.content == message.content
        #expect(isEqual)
    }

    @Test("consecutive messages are delivered once each")
    func several() async throws {
        let (server, transport) = try await start("200")
        for number in 1...5 {
            let message = try Sample.message(to: "\(number)@example.com")
            #expect(try await deliver(message, by: transport).summary == "delivered 200")
        }
        let recipients = try server.requests.map { String(decoding: $0.part("to")?.content ?? [], as: UTF8.self) }
        #expect(recipients == (1...5).map { "\($0)@example.com" })
    }

    static let answers: [(String, String)] = [
        ("200", "delivered 200"), ("202", "delivered 202"),
        // Refusals of this message, or of the account.
        ("413", "permanent message_refused 413"), ("400", "unclear message_refused 400"),
        ("422", "unclear message_refused 422"),
        ("401", "unavailable smtp_auth_failed 401"), ("403", "unavailable smtp_auth_failed 403"),
        // Payment, an unknown domain, too many requests, and server errors.
        ("402", "unavailable service_unavailable 402"), ("404", "unavailable service_unavailable 404"),
        ("408", "unavailable service_unavailable 408"), ("429", "unavailable service_unavailable 429"),
        ("500", "unavailable service_unavailable 500"), ("502", "unavailable service_unavailable 502"),
        ("503", "unavailable service_unavailable 503"),
        // Everything was sent, and the response is missing, invalid or incomplete.
        ("close", "ambiguous reply_lost"), ("junk", "ambiguous reply_lost"), ("cut", "ambiguous reply_lost 200"),
    ]

    @Test(
        "the status determines the outcome, which is ambiguous without one", arguments: MailgunTransportTests.answers)
    func outcome(answer: String, expected: String) async throws {
        let (server, transport) = try await start(answer)
        #expect(try await deliver(Sample.message(), by: transport).summary == expected)
        #expect(try server.requests.count == 1)
    }

    @Test("a redirect is not followed, and counts as unavailable", arguments: ["301", "302", "307", "308"])
    func redirection(answer: String) async throws {
        let (server, transport) = try await start(answer)
        let outcome = try await deliver(Sample.message(), by: transport)
        #expect(outcome.summary == "unavailable service_unavailable \(answer)")
        #expect(try server.requests.count == 1)
    }

    @Test("a missing response is ambiguous after the deadline")
    func silence() async throws {
        let (server, transport) = try await start("silence")
        let outcome = try await deliver(Sample.message(), by: transport, within: .seconds(2))
        #expect(outcome.summary == "ambiguous reply_lost")
        #expect(try server.requests.count == 1)
    }

    @Test("a port that nothing listens on is reported as connection_refused")
    func refused() async throws {
        let transport = MailgunServer.transport(port: try freePort(), trusting: MailgunTransportTests.authority)
        #expect(try await deliver(Sample.message(), by: transport).summary == "unavailable connection_refused")
    }

    @Test("an unknown host is reported as host_not_found")
    func unknownHost() async throws {
        let account = MailgunAccount(
            key: Secret(copying: "k3y".utf8), host: "nonexistent.invalid", port: 443, domain: "mg.example.com")
        let transport = MailgunTransport(account: account, connections: 1, certificateAuthorities: nil)
        let outcome = try await deliver(Sample.message(), by: transport, within: .seconds(30))
        #expect(outcome.summary == "unavailable host_not_found")
    }

    @Test("a missing TLS handshake is a timeout after the deadline")
    func noHandshake() async throws {
        let server = try await ScriptedSMTPServer(.init(at: .connect, .silence))
        let transport = MailgunServer.transport(port: server.port, trusting: MailgunTransportTests.authority)
        let outcome = try await deliver(Sample.message(), by: transport, within: .seconds(1))
        #expect(outcome.summary == "unavailable timeout")
    }

    @Test("a server without TLS receives no request")
    func plain() async throws {
        let server = try await ScriptedSMTPServer()
        let transport = MailgunServer.transport(port: server.port, trusting: MailgunTransportTests.authority)
        #expect(try await deliver(Sample.message(), by: transport).summary == "unavailable tls_failed")
        #expect(!server.commands.contains { $0.contains("HTTP") })
    }

    /// A certificate that must be refused.
    struct Certificate: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let issue: @Sendable (CertificateAuthority) throws -> ServerCertificate
    }

    static let certificates = [
        Certificate(testDescription: "for another host") { try $0.issue(for: ["api.mailgun.net"]) },
        Certificate(testDescription: "of an unknown authority") { _ in try CertificateAuthority().issue() },
        Certificate(testDescription: "expired") { try $0.issue(isExpired: true) },
    ]

    @Test("an untrusted server receives neither key nor message", arguments: MailgunTransportTests.certificates)
    func untrusted(certificate: Certificate) async throws {
        let authority = try CertificateAuthority()
        let server = try await MailgunServer("200", try certificate.issue(authority))
        let transport = MailgunServer.transport(port: server.port, trusting: authority)
        #expect(try await deliver(Sample.message(), by: transport).summary == "unavailable certificate_invalid")
        #expect(try server.requests.isEmpty)
    }

    @Test("the observer sees request and response, but never the API key")
    func steps() async throws {
        let (server, transport) = try await start("401", key: "s3cret")
        let steps = Mutexed<[DeliveryStep]>([])
        let outcome = try await deliver(Sample.message(), by: transport) { step in steps.update { $0.append(step) } }
        #expect(steps.value.contains(.sent("POST /v3/mg.example.com/messages.mime HTTP/1.1")))
        #expect(
            steps.value.contains {
                if case .received(let line) = $0 { line.hasPrefix("HTTP/1.") && line.contains("401") } else { false }
            })
        for text in [String(reflecting: outcome), String(reflecting: steps.value)] {
            #expect(!text.contains("s3cret"))
            #expect(!text.contains(Data("api:s3cret".utf8).base64EncodedString()))
        }
        #expect(try server.requests.count == 1)
    }
}
