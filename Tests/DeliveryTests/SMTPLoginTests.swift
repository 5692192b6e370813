import Cryptography
import TestSupport
import Testing

@testable import Delivery

/// Logins that servers refuse, or offer in other ways than the standard's.
@Suite
struct SMTPLoginTests {
    typealias Behaviour = ScriptedSMTPServer.Behaviour
    typealias Action = ScriptedSMTPServer.Action

    private static let account = (user: "door", password: "s3cret")

    private func transport(
        to server: ScriptedSMTPServer, _ security: SMTPServer.Security = .implicitTLS,
        trusting authority: CertificateAuthority
    ) -> SMTPTransport {
        let credentials = SMTPServer.Credentials(user: "door", password: Secret(copying: "s3cret".utf8))
        return SMTPTransport(port: server.port, security, as: credentials, trusting: authority)
    }

    static let refusals: [Action] = [
        .reply("535 5.7.8 Error: authentication failed"), .reply("504 5.5.4 Unrecognized authentication type"),
        .reply("454 4.7.0 Temporary authentication failure"), .reply("534 5.7.9 Use another mechanism"),
        .reply("501 5.5.2 Cannot decode"), .reply("538 5.7.11 No"), .replyThenClose("535 5.7.8 No"), .close,
    ]

    @Test("a refused PLAIN is followed by LOGIN, which later connections begin with", arguments: 0..<refusals.count)
    func plainRefused(index: Int) async throws {
        let authority = try CertificateAuthority()
        var behaviour = Behaviour(tls: .implicit(try authority.issue()), account: SMTPLoginTests.account)
        behaviour.script = { point in
            if point.moment == .authenticate, point.line.hasPrefix("AUTH PLAIN") {
                return SMTPLoginTests.refusals[index]
            }
            // Each message needs a connection of its own.
            return point.moment == .content ? .replyThenClose("250 2.0.0 OK") : nil
        }
        let server = try await ScriptedSMTPServer(behaviour)
        let transport = transport(to: server, trusting: authority)
        for _ in 1...3 {
            #expect(try await deliver(Sample.message(), by: transport).summary == "delivered 250 2.0.0")
        }
        #expect(server.commands.filter { $0.hasPrefix("AUTH PLAIN") }.count == 1)
        #expect(server.commands.filter { $0.hasPrefix("AUTH LOGIN") }.count == 3)
        #expect(server.messages.map(\.user) == ["door", "door", "door"])
    }

    @Test("credentials that both mechanisms refuse are reported, with what the server offers")
    func bothRefused() async throws {
        let authority = try CertificateAuthority()
        let server = try await ScriptedSMTPServer(
            Behaviour(
                at: .credentials, .reply("535 5.7.8 No"), tls: .implicit(try authority.issue()),
                account: SMTPLoginTests.account))
        let transport = transport(to: server, trusting: authority)
        // The second delivery begins from the start, as the credentials may have become valid.
        for count in 1...2 {
            let outcome = try await deliver(Sample.message(), by: transport)
            #expect(outcome.summary == "unavailable smtp_auth_failed 535 5.7.8")
            #expect(
                outcome.failure?.detail == "the server offers AUTH PLAIN LOGIN, and answered 535 5.7.8 to AUTH LOGIN")
            #expect(server.commands.filter { $0.hasPrefix("AUTH PLAIN") }.count == count)
        }
        #expect(!server.commands.contains { $0.hasPrefix("MAIL") })
    }

    @Test("a server that no longer offers the mechanism that worked is used with the other")
    func offerChanges() async throws {
        let authority = try CertificateAuthority()
        var behaviour = Behaviour(tls: .implicit(try authority.issue()), account: SMTPLoginTests.account)
        behaviour.script = { point in
            switch point.moment {
            case .authenticate where point.connection == 1: .reply("504 5.5.4 Not now")
            case .hello where point.connection > 2: .reply("250-mx.test\n250 AUTH PLAIN")
            case .content: .replyThenClose("250 2.0.0 OK")
            default: nil
            }
        }
        let server = try await ScriptedSMTPServer(behaviour)
        let transport = transport(to: server, trusting: authority)
        for _ in 1...2 {
            #expect(try await deliver(Sample.message(), by: transport).summary == "delivered 250 2.0.0")
        }
    }

    /// Replies to EHLO, and the reasons of the failures.
    static let offers: [(String, String)] = [
        ("250-mx.test\n250 AUTH=PLAIN LOGIN", "the server offers only the obsolete form AUTH=PLAIN LOGIN"),
        ("250-mx.test\n250-AUTH=LOGIN\n250 SIZE 10000000", "the server offers only the obsolete form AUTH=LOGIN"),
        ("250-mx.test\n250 SIZE 10000000", "the server does not offer AUTH"),
        ("250 mx.test", "the server does not offer AUTH"), ("250-mx.test\n250 AUTH", "the server does not offer AUTH"),
        (
            "250-mx.test\n250 AUTH XOAUTH2 SCRAM-SHA-256-PLUS",
            "the server offers AUTH XOAUTH2 SCRAM-SHA-256-PLUS, and neither PLAIN nor LOGIN"
        ),
        ("502 5.5.1 What?", "the server does not offer AUTH"),
    ]

    @Test(
        "with a user set, nothing is sent to a server that offers no usable login",
        arguments: SMTPLoginTests.offers)
    func neverUnauthenticated(offer: String, detail: String) async throws {
        let authority = try CertificateAuthority()
        for security in [SMTPServer.Security.implicitTLS, .startTLS] {
            let certificate = try authority.issue()
            var behaviour = Behaviour(tls: security == .startTLS ? .startTLS(certificate) : .implicit(certificate))
            // The server would accept a message without a login.
            behaviour.script = { point in
                guard point.moment == .hello, point.isEncrypted else { return nil }
                return point.line.hasPrefix("HELO") ? .reply("250 mx.test") : .reply(offer)
            }
            let server = try await ScriptedSMTPServer(behaviour)
            let outcome = try await deliver(
                Sample.message(), by: transport(to: server, security, trusting: authority))
            #expect(outcome.failure?.code == .authenticationFailed, "\(outcome.summary)")
            if !offer.hasPrefix("502") { #expect(outcome.failure?.detail == detail) }
            #expect(!server.commands.contains { $0.hasPrefix("MAIL") })
            #expect(server.messages.isEmpty)
        }
    }

    @Test("a login that is offered only before STARTTLS does not count")
    func offeredBeforeTLS() async throws {
        let authority = try CertificateAuthority()
        var behaviour = Behaviour(tls: .startTLS(try authority.issue()))
        behaviour.script = { point in
            guard point.moment == .hello else { return nil }
            return point.isEncrypted ? .reply("250 mx.test") : .reply("250-mx.test\n250-AUTH PLAIN\n250 STARTTLS")
        }
        let server = try await ScriptedSMTPServer(behaviour)
        let outcome = try await deliver(Sample.message(), by: transport(to: server, .startTLS, trusting: authority))
        #expect(outcome.summary == "unavailable smtp_auth_failed")
        #expect(outcome.failure?.detail == "the server does not offer AUTH")
        #expect(!server.commands.contains { $0.hasPrefix("MAIL") || $0.hasPrefix("AUTH") })
    }
}
