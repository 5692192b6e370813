import Cryptography
import Foundation
import TestSupport
import Testing

@testable import Delivery

@Suite
struct SMTPSecurityTests {
    typealias Behaviour = ScriptedSMTPServer.Behaviour
    typealias TLS = ScriptedSMTPServer.TLS

    /// The account that the servers require before they accept messages.
    private static let user = "door@example.com"
    private static let password = "s3cret p\u{E4}ss:/?#@!$&'()*+,;=%00\\\"<>"
    private static let account = (user: user, password: password)
    private static let credentials = SMTPServer.Credentials(user: user, password: Secret(copying: password.utf8))

    private func transport(
        to server: ScriptedSMTPServer, _ security: SMTPServer.Security, trusting authority: CertificateAuthority
    ) -> SMTPTransport {
        SMTPTransport(port: server.port, security, as: SMTPSecurityTests.credentials, trusting: authority)
    }

    /// Both kinds of TLS.
    static let kinds: [SMTPServer.Security] = [.startTLS, .implicitTLS]

    /// The server's TLS for a kind of connection security.
    private static func tls(_ security: SMTPServer.Security, _ certificate: ServerCertificate) -> TLS {
        security == .implicitTLS ? .implicit(certificate) : .startTLS(certificate)
    }

    // MARK: - Authentication

    @Test(
        "credentials are sent over TLS, with either mechanism", arguments: SMTPSecurityTests.kinds,
        [["PLAIN", "LOGIN"], ["LOGIN", "PLAIN"], ["PLAIN"], ["LOGIN"], ["CRAM-MD5", "XOAUTH2", "LOGIN"]])
    func authenticated(security: SMTPServer.Security, mechanisms: [String]) async throws {
        let authority = try CertificateAuthority()
        var behaviour = Behaviour(
            tls: SMTPSecurityTests.tls(security, try authority.issue()),
            account: SMTPSecurityTests.account)
        behaviour.mechanisms = mechanisms
        let server = try await ScriptedSMTPServer(behaviour)
        let outcome = try await deliver(Sample.message(), by: transport(to: server, security, trusting: authority))
        #expect(outcome.summary == "delivered 250 2.0.0")
        let received = try #require(server.messages.first)
        #expect(received.isEncrypted)
        #expect(received.user == SMTPSecurityTests.user)
    }

    @Test(
        "a password with any characters is sent unchanged",
        arguments: [
            "a", " ", "p w", "日本語 😀", "=", "*", "\"", "\\", "a:b@c/d?e#f", "%40%00", "\t",
            "\r\nRCPT TO:<eve@example.com>",
            String(repeating: "x", count: 255), String(repeating: "é", count: 500),
        ])
    func anyPassword(text: String) async throws {
        let authority = try CertificateAuthority()
        let server = try await ScriptedSMTPServer(
            Behaviour(tls: .implicit(try authority.issue()), account: (user: "do:or", password: text)))
        let credentials = SMTPServer.Credentials(user: "do:or", password: Secret(copying: text.utf8))
        let transport = SMTPTransport(port: server.port, .implicitTLS, as: credentials, trusting: authority)
        #expect(try await deliver(Sample.message(), by: transport).summary == "delivered 250 2.0.0")
        #expect(server.messages.map(\.user) == ["do:or"])
    }

    @Test("the observer sees each step, but neither credentials nor content")
    func steps() async throws {
        let authority = try CertificateAuthority()
        let server = try await ScriptedSMTPServer(
            Behaviour(
                tls: .startTLS(try authority.issue()),
                account: SMTPSecurityTests.account))
        let steps = Mutexed<[DeliveryStep]>([])
        let message = try Sample.message(content: "Subject: x\r\n\r\nunseen\r\n")
        let outcome = try await deliver(message, by: transport(to: server, .startTLS, trusting: authority)) { step in
            steps.update { $0.append(step) }
        }
        #expect(outcome.summary == "delivered 250 2.0.0")
        let sent = steps.value.compactMap { step -> String? in
            if case .sent(let text) = step { text } else { nil }
        }
        // Parameters that a client may add, such as SIZE, do not matter.
        #expect(
            sent.map { $0.components(separatedBy: " SIZE=")[0] } == [
                "EHLO example.com", "STARTTLS", "EHLO example.com", "AUTH PLAIN", "(hidden)",
                "MAIL FROM:<\(Sample.sender)>", "RCPT TO:<\(Sample.recipient)>", "DATA",
            ])
        #expect(steps.value.contains(.received("235 2.7.0 Welcome")))
        #expect(steps.value.contains(.received("250 2.0.0 Accepted as 1")))
        let plain = Data("\0\(SMTPSecurityTests.user)\0\(SMTPSecurityTests.password)".utf8).base64EncodedString()
        for step in steps.value {
            for secret in ["s3cret", "unseen", String(plain.prefix(20)), String(plain.suffix(20))] {
                #expect(!"\(step)".contains(secret))
            }
        }
    }

    // MARK: - Failures

    /// A server, and the expected outcome.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let outcome: String
        /// Returns the server's behaviour. The client trusts the given authority.
        let behaviour: @Sendable (SMTPServer.Security, CertificateAuthority) throws -> Behaviour

        init(
            _ name: String, _ outcome: String,
            _ behaviour: @escaping @Sendable (SMTPServer.Security, CertificateAuthority) throws -> Behaviour
        ) {
            (testDescription, self.outcome, self.behaviour) = (name, outcome, behaviour)
        }
    }

    static let untrusted = [
        Case("a certificate for another host", "unavailable certificate_invalid") { security, authority in
            Behaviour(tls: tls(security, try authority.issue(for: ["mail.example.com"])))
        },
        Case("a certificate for another address", "unavailable certificate_invalid") { security, authority in
            Behaviour(tls: tls(security, try authority.issue(for: ["127.0.0.1"])))
        },
        Case("a certificate of an unknown authority", "unavailable certificate_invalid") { security, _ in
            Behaviour(tls: tls(security, try CertificateAuthority().issue()))
        },
        Case("a certificate that has expired", "unavailable certificate_invalid") { security, authority in
            Behaviour(tls: tls(security, try authority.issue(isExpired: true)))
        },
        Case("TLS 1.1 alone", "unavailable tls_failed") { security, authority in
            var behaviour = Behaviour(tls: tls(security, try authority.issue()))
            behaviour.isTLSOutdated = true
            return behaviour
        },
    ]

    @Test(
        "an untrusted server receives neither credentials nor message", arguments: SMTPSecurityTests.kinds,
        SMTPSecurityTests.untrusted)
    func untrustedServer(security: SMTPServer.Security, expected: Case) async throws {
        let authority = try CertificateAuthority()
        let server = try await ScriptedSMTPServer(try expected.behaviour(security, authority))
        let outcome = try await deliver(Sample.message(), by: transport(to: server, security, trusting: authority))
        #expect(outcome.summary == expected.outcome)
        #expect(server.commands.allSatisfy { ["EHLO example.com", "STARTTLS", "QUIT"].contains($0) })
    }

    static let startTLSFailures = [
        Case("no STARTTLS", "unavailable starttls_unsupported") { _, _ in Behaviour(account: account) },
        Case("no STARTTLS, and no EHLO", "unavailable service_unavailable 502") { _, _ in
            Behaviour { $0.line.hasPrefix("EHLO") ? .reply("502 What?") : nil }
        },
        Case("an unencrypted reply after that to STARTTLS", "unavailable protocol_error") { _, authority in
            Behaviour(
                at: .startTLS, .startTLS(injecting: "250-mx.test\n250 AUTH PLAIN"),
                tls: .startTLS(try authority.issue()), account: account)
        },
        Case("STARTTLS refused for now", "unavailable tls_failed 454 4.7.0") { _, authority in
            Behaviour(at: .startTLS, .reply("454 4.7.0 Not now"), tls: .startTLS(try authority.issue()))
        },
        Case("STARTTLS unknown", "unavailable tls_failed 502 5.5.1") { _, authority in
            Behaviour(at: .startTLS, .reply("502 5.5.1 What?"), tls: .startTLS(try authority.issue()))
        },
        Case("closes at STARTTLS", "unavailable connection_lost") { _, authority in
            Behaviour(at: .startTLS, .close, tls: .startTLS(try authority.issue()))
        },
        Case("never answers STARTTLS", "unavailable timeout") { _, authority in
            Behaviour(at: .startTLS, .silence, tls: .startTLS(try authority.issue()))
        },
        Case("no handshake", "unavailable timeout") { _, authority in
            Behaviour(at: .startTLS, .reply("220 Go ahead", then: .silence), tls: .startTLS(try authority.issue()))
        },
        Case("closes instead of a handshake", "unavailable tls_failed") { _, authority in
            Behaviour(at: .startTLS, .reply("220 Go ahead", then: .close), tls: .startTLS(try authority.issue()))
        },
    ]

    @Test("without STARTTLS, neither credentials nor message are sent", arguments: SMTPSecurityTests.startTLSFailures)
    func startTLSFailure(expected: Case) async throws {
        let authority = try CertificateAuthority()
        let server = try await ScriptedSMTPServer(try expected.behaviour(.startTLS, authority))
        let transport = transport(to: server, .startTLS, trusting: authority)
        let outcome = try await deliver(Sample.message(), by: transport, within: .seconds(2))
        #expect(outcome.summary == expected.outcome)
        #expect(
            server.commands.allSatisfy { ["EHLO example.com", "HELO example.com", "STARTTLS", "QUIT"].contains($0) })
    }

    @Test("with implicit TLS, a server without TLS receives no command")
    func plainServer() async throws {
        let server = try await ScriptedSMTPServer()
        let authority = try CertificateAuthority()
        defer { withExtendedLifetime(authority) {} }
        let transport = transport(to: server, .implicitTLS, trusting: authority)
        #expect(try await deliver(Sample.message(), by: transport).summary == "unavailable tls_failed")
        // The bytes of a handshake can contain a line end.
        #expect(!server.commands.contains { $0.hasPrefix("EHLO") || $0.hasPrefix("AUTH") })
    }

    static let refusedCredentials = [
        Case("a wrong password", "unavailable smtp_auth_failed 535 5.7.8") { _, _ in
            Behaviour(account: (user: user, password: "other"))
        },
        Case("a wrong user", "unavailable smtp_auth_failed 535 5.7.8") { _, _ in
            Behaviour(account: (user: "other", password: password))
        },
        Case("refused for now", "unavailable smtp_auth_failed 454 4.7.0") { _, _ in
            Behaviour(at: .credentials, .reply("454 4.7.0 Not now"), account: account)
        },
        Case("AUTH unknown", "unavailable smtp_auth_failed 502 5.5.1") { _, _ in
            Behaviour(at: .authenticate, .reply("502 5.5.1 What?"), account: account)
        },
        Case("no supported mechanism", "unavailable smtp_auth_failed") { _, _ in
            var behaviour = Behaviour(account: account)
            behaviour.mechanisms = ["CRAM-MD5", "XOAUTH2", "GSSAPI"]
            return behaviour
        },
        Case("closes at AUTH", "unavailable connection_lost") { _, _ in
            Behaviour(at: .authenticate, .close, account: account)
        },
        Case("closes at the credentials", "unavailable connection_lost") { _, _ in
            Behaviour(at: .credentials, .close, account: account)
        },
        Case("never answers AUTH", "unavailable timeout") { _, _ in
            Behaviour(at: .authenticate, .silence, account: account)
        },
        Case("never answers the credentials", "unavailable timeout") { _, _ in
            Behaviour(at: .credentials, .silence, account: account)
        },
    ]

    @Test(
        "if authentication fails, no message is sent", arguments: SMTPSecurityTests.kinds,
        SMTPSecurityTests.refusedCredentials)
    func refused(security: SMTPServer.Security, expected: Case) async throws {
        let authority = try CertificateAuthority()
        var behaviour = try expected.behaviour(security, authority)
        behaviour.tls = SMTPSecurityTests.tls(security, try authority.issue())
        let server = try await ScriptedSMTPServer(behaviour)
        let transport = transport(to: server, security, trusting: authority)
        let outcome = try await deliver(Sample.message(), by: transport, within: .seconds(2))
        #expect(outcome.summary == expected.outcome)
        #expect(!String(reflecting: outcome).contains(SMTPSecurityTests.user))
        #expect(!server.commands.contains { $0.hasPrefix("MAIL") })
    }

    @Test("without credentials, a server that requires them is unavailable")
    func noCredentials() async throws {
        let server = try await ScriptedSMTPServer(Behaviour(account: (user: "door", password: "s3cret")))
        let outcome = try await deliver(Sample.message(), by: SMTPTransport(port: server.port))
        #expect(outcome.summary == "unavailable smtp_auth_failed 530 5.7.0")
    }
}
