import Cryptography
import Foundation
import MailMessage
import TestSupport
import Testing

@testable import Delivery

@Suite
struct SMTPDeliveryTests {
    /// Lines of 72 bytes, line ends included, after the given number of lines that start with a dot.
    private static func content(_ byteCount: Int, dottedLineCount: Int = 0) -> String {
        var content = String(repeating: ".dotted\r\n", count: dottedLineCount)
        let line = String(repeating: "x", count: 70) + "\r\n"
        content += String(repeating: line, count: max(0, byteCount - content.utf8.count - 2) / 72)
        return content + String(repeating: "y", count: max(0, byteCount - content.utf8.count - 2)) + "\r\n"
    }

    struct Content: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let text: String

        init(_ name: String, _ text: String) {
            (testDescription, self.text) = (name, text)
        }
    }

    static let contents: [Content] = plainContents + around64KiB + dotted64KiB

    private static let plainContents = [
        Content("a short message", "Subject: Hello\r\n\r\nHello.\r\n"),
        Content("a dot", ".\r\n"),
        Content("dots everywhere", ".\r\n..\r\n...\r\n.a\r\n\r\n.\r\n\r\na.\r\n.\r\n"),
        Content("a dot at the start", ".a\r\nb\r\n"),
        Content("a dot at the end", "a\r\n.\r\n"),
        Content("an empty line", "\r\n"),
        Content("words that look like commands", "QUIT\r\nRSET\r\n.\r\nMAIL FROM:<eve@example.com>\r\n"),
        Content("a million bytes", content(1_000_000, dottedLineCount: 1000)),
    ]

    /// libcurl reads the content in parts of 64 KiB, and escapes the dots of each part separately.
    private static let around64KiB =
        (65_530...65_540).map { Content("\($0) bytes", content($0)) }
        + (65_520...65_525).map { start in
            Content("dots from byte \(start) on", content(start) + String(repeating: ".\r\n", count: 30))
        }

    /// The first 64 KiB have as many dots as there are bytes after them.
    private static let dotted64KiB = [1, 2, 10, 100].map { count in
        Content("64 KiB and \(count) bytes, \(count) dots", content(65_536 + count, dottedLineCount: count))
    }

    @Test("the content arrives byte for byte", arguments: SMTPDeliveryTests.contents)
    func identical(content: Content) async throws {
        let server = try await ScriptedSMTPServer()
        let message = try Sample.message(content: content.text)
        let outcome = try await deliver(message, by: SMTPTransport(port: server.port))
        #expect(outcome.summary == "delivered 250 2.0.0")
        let received = try #require(server.messages.first)
        // Compared outside the macro, which would print a million bytes.
        let isEqual = received.content == message.content
        #expect(isEqual, "\(received.content.count) bytes of \(message.content.count)")
        #expect(server.messages.count == 1)
    }

    @Test("the server receives the message's envelope, and the client's name in EHLO")
    func envelope() async throws {
        let server = try await ScriptedSMTPServer()
        let message = try Sample.message(to: "o'neil+a_b-c@example.org")
        _ = try await deliver(message, by: SMTPTransport(port: server.port))
        let received = try #require(server.messages.first)
        #expect(received.sender == Sample.sender)
        #expect(received.recipients == ["o'neil+a_b-c@example.org"])
        #expect(server.commands.first == "EHLO example.com")
    }

    @Test("a local server is used without TLS, even if it offers STARTTLS")
    func loopback() async throws {
        let authority = try CertificateAuthority()
        let server = try await ScriptedSMTPServer(.init(tls: .startTLS(authority.issue())))
        guard case .smtp(let address) = try MailURL(parsing: "smtp://localhost:\(server.port)") else {
            Issue.record("not a mail server")
            return
        }
        let transport = SMTPTransport(
            server: address, clientName: "example.com", connections: 1, certificateAuthorities: nil)
        #expect(try await deliver(Sample.message(), by: transport).summary == "delivered 250 2.0.0")
        #expect(server.messages.map(\.isEncrypted) == [false])
        #expect(!server.commands.contains("STARTTLS"))
    }

    @Test("loopback addresses and names can be used", arguments: ["127.0.0.1", "localhost"])
    func addresses(host: String) async throws {
        let server = try await ScriptedSMTPServer()
        let address = SMTPServer(host: host, port: server.port, security: .none, credentials: nil)
        let transport = SMTPTransport(
            server: address, clientName: "example.com", connections: 1, certificateAuthorities: nil)
        #expect(try await deliver(Sample.message(), by: transport).summary == "delivered 250 2.0.0")
    }

    @Test("a server without extensions is greeted with HELO")
    func noExtensions() async throws {
        let server = try await ScriptedSMTPServer(
            .init { $0.line.hasPrefix("EHLO") ? .reply("502 Not offered here") : nil })
        let outcome = try await deliver(Sample.message(), by: SMTPTransport(port: server.port))
        #expect(outcome.summary == "delivered 250 2.0.0")
        #expect(server.commands.contains("HELO example.com"))
    }

    // MARK: - Connections

    @Test("one connection is used for many messages")
    func reused() async throws {
        let server = try await ScriptedSMTPServer()
        let transport = SMTPTransport(port: server.port)
        for number in 1...20 {
            let message = try Sample.message(to: "\(number)@example.com")
            #expect(try await deliver(message, by: transport).summary == "delivered 250 2.0.0")
        }
        #expect(server.connectionCount == 1)
        #expect(server.messages.flatMap(\.recipients) == (1...20).map { "\($0)@example.com" })
    }

    @Test("one encrypted connection is used for many messages, and authenticated once")
    func reusedEncrypted() async throws {
        let authority = try CertificateAuthority()
        let behaviour = ScriptedSMTPServer.Behaviour(
            tls: .startTLS(try authority.issue()), account: (user: "door", password: "s3cret"))
        let server = try await ScriptedSMTPServer(behaviour)
        let transport = SMTPTransport(
            port: server.port, .startTLS,
            as: SMTPServer.Credentials(user: "door", password: Secret(copying: "s3cret".utf8)), trusting: authority)
        for _ in 1...5 {
            #expect(try await deliver(Sample.message(), by: transport).summary == "delivered 250 2.0.0")
        }
        #expect(server.connectionCount == 1)
        #expect(server.commands.filter { $0.hasPrefix("AUTH") }.count == 1)
    }

    @Test("concurrent messages do not open more connections than allowed", arguments: [1, 3])
    func limited(connections: Int) async throws {
        let server = try await ScriptedSMTPServer()
        let transport = SMTPTransport(port: server.port, connections: connections)
        try await withThrowingTaskGroup(of: String.self) { group in
            for number in 1...40 {
                let message = try Sample.message(to: "\(number)@example.com")
                group.addTask { try await deliver(message, by: transport).summary }
            }
            for try await outcome in group { #expect(outcome == "delivered 250 2.0.0") }
        }
        #expect(server.connectionCount <= connections)
        #expect(Set(server.messages.flatMap(\.recipients)) == Set((1...40).map { "\($0)@example.com" }))
        #expect(server.messages.count == 40)
    }

    @Test("after a refused message, the next one is delivered")
    func afterRefusal() async throws {
        let server = try await ScriptedSMTPServer(
            .init { $0.moment == .content && $0.message == 1 ? .reply("554 5.7.1 No") : nil })
        let transport = SMTPTransport(port: server.port)
        #expect(try await deliver(Sample.message(), by: transport).summary == "unclear message_refused 554 5.7.1")
        #expect(try await deliver(Sample.message(), by: transport).summary == "delivered 250 2.0.0")
    }

    @Test("a released transport closes its connections")
    func ended() async throws {
        let server = try await ScriptedSMTPServer()
        for _ in 1...3 {
            #expect(
                try await deliver(Sample.message(), by: SMTPTransport(port: server.port)).summary
                    == "delivered 250 2.0.0")
        }
        try await eventually("the end of the connections") { server.openConnectionCount == 0 }
    }
}
