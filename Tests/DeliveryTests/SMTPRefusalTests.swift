import TestSupport
import Testing

@testable import Delivery

@Suite
struct SMTPRefusalTests {
    /// A reply at a moment, and the expected outcome.
    struct Case: Sendable, CustomTestStringConvertible {
        let moment: ScriptedSMTPServer.Moment
        let reply: String
        let outcome: String
        var testDescription: String { "\(reply.prefix(60)) at \(moment)" }

        init(_ moment: ScriptedSMTPServer.Moment, _ reply: String, _ outcome: String) {
            (self.moment, self.reply, self.outcome) = (moment, reply, outcome)
        }
    }

    private static let long = String(repeating: "x", count: 10_000)

    static let refusals = [
        // Before MAIL, a refusal is not about the message.
        Case(.connect, "421 4.3.2 Busy", "unavailable service_unavailable 421 4.3.2"),
        Case(.connect, "450 4.7.1 Later", "unavailable service_unavailable 450 4.7.1"),
        Case(.connect, "554 5.7.1 No", "unavailable service_unavailable 554 5.7.1"),
        Case(.hello, "421 4.3.2 Busy", "unavailable service_unavailable 421 4.3.2"),
        Case(.hello, "550 5.7.1 No", "unavailable service_unavailable 550 5.7.1"),
        Case(.mail, "421 4.7.0 Too many", "unavailable service_unavailable 421 4.7.0"),
        Case(.mail, "450 4.1.8 Later", "unavailable sender_refused 450 4.1.8"),
        Case(.mail, "451 4.3.0 Later", "unavailable service_unavailable 451 4.3.0"),
        Case(.mail, "452 4.3.1 Full", "unavailable service_unavailable 452 4.3.1"),
        Case(.mail, "451 Later", "unavailable sender_refused 451"),
        // A refused sender is refused for every message.
        Case(.mail, "550 5.1.0 No", "unavailable sender_refused 550 5.1.0"),
        Case(.mail, "553 5.7.1 No", "unavailable sender_refused 553 5.7.1"),
        // RFC 1870 §6.1.
        Case(.mail, "552 5.3.4 Too large", "permanent sender_refused 552 5.3.4"),
        // RFC 4954 §6.
        Case(.mail, "530 5.7.0 Who are you?", "unavailable smtp_auth_failed 530 5.7.0"),
        Case(.mail, "535 5.7.8 Who are you?", "unavailable smtp_auth_failed 535 5.7.8"),
        Case(.recipient, "530 5.7.0 Who are you?", "unavailable smtp_auth_failed 530 5.7.0"),
        // Server and client are fine up to the recipient, whatever the reply to that.
        Case(.recipient, "421 4.3.2 Bye", "transient service_unavailable 421 4.3.2"),
        Case(.recipient, "450 4.2.1 Greylisted", "transient recipient_refused 450 4.2.1"),
        Case(.recipient, "451 4.7.1 Later", "transient recipient_refused 451 4.7.1"),
        Case(.recipient, "452 4.2.2 Full", "transient recipient_refused 452 4.2.2"),
        Case(.recipient, "550 5.1.1 No such user", "permanent recipient_refused 550 5.1.1"),
        Case(.recipient, "551 5.1.6 Moved", "permanent recipient_refused 551 5.1.6"),
        Case(.recipient, "553 5.1.3 Bad", "permanent recipient_refused 553 5.1.3"),
        Case(.recipient, "554 5.7.1 No", "unclear recipient_refused 554 5.7.1"),
        Case(.recipient, "554 5.7.1 <x@y>: Relay access denied", "unavailable service_unavailable 554 5.7.1"),
        Case(.data, "421 4.3.2 Bye", "transient service_unavailable 421 4.3.2"),
        Case(.data, "451 4.3.0 Later", "transient service_unavailable 451 4.3.0"),
        Case(.data, "554 5.5.1 No", "unavailable service_unavailable 554 5.5.1"),
        Case(.content, "421 4.3.2 Bye", "transient service_unavailable 421 4.3.2"),
        Case(.content, "450 4.7.1 Later", "transient message_refused 450 4.7.1"),
        Case(.content, "451 4.7.650 Slow down", "transient message_refused 451 4.7.650"),
        Case(.content, "552 5.3.4 Too large", "permanent message_refused 552 5.3.4"),
        Case(.content, "554 5.7.1 Spam", "unclear message_refused 554 5.7.1"),
        Case(.content, "550 5.4.5 Daily quota", "unavailable service_unavailable 550 5.4.5"),
        // Without an enhanced status code, or with an invalid one.
        Case(.recipient, "550 No", "unclear recipient_refused 550"),
        Case(.recipient, "550", "unclear recipient_refused 550"),
        Case(.recipient, "550 4.1.1 No", "unclear recipient_refused 550"),
        Case(.content, "451", "transient message_refused 451"),
        // Several lines, and long lines.
        Case(.recipient, "550-5.1.1 No\n550-5.1.1 such\n550 5.1.1 user", "permanent recipient_refused 550 5.1.1"),
        Case(.content, "451-4.7.1 Try\n451 4.7.1 again", "transient message_refused 451 4.7.1"),
        Case(.connect, "554-No\n554-5.7.1 mail\n554 5.7.1 here", "unavailable service_unavailable 554 5.7.1"),
        Case(.recipient, "550 5.1.1 \(long)", "permanent recipient_refused 550 5.1.1"),
        Case(.content, "451 4.7.1 \(long)", "transient message_refused 451 4.7.1"),
        Case(
            .recipient, String(repeating: "450-4.2.1 \(long)\n", count: 10) + "450 4.2.1 \(long)",
            "transient recipient_refused 450 4.2.1"),
    ]

    @Test("a refusal is transient, permanent or unavailable", arguments: SMTPRefusalTests.refusals)
    func refused(expected: Case) async throws {
        let server = try await ScriptedSMTPServer(.init(at: expected.moment, .reply(expected.reply)))
        let outcome = try await deliver(Sample.message(), by: SMTPTransport(port: server.port))
        #expect(outcome.summary == expected.outcome)
        #expect(server.messages.allSatisfy { !$0.isAccepted })
    }

    @Test("a refusal counts the same if the server then closes the connection", arguments: SMTPRefusalTests.refusals)
    func refusedAndClosed(expected: Case) async throws {
        let server = try await ScriptedSMTPServer(.init(at: expected.moment, .replyThenClose(expected.reply)))
        let outcome = try await deliver(Sample.message(), by: SMTPTransport(port: server.port))
        // After a refused EHLO the client tries HELO, which gets no reply.
        let other = expected.moment == .hello ? "unavailable connection_lost" : expected.outcome
        #expect([expected.outcome, other].contains(outcome.summary), "\(outcome.summary)")
    }

    static let acceptances: [Case] = [
        // Any 2yz accepts (RFC 5321 §4.2.1).
        Case(.content, "251 2.0.0 Accepted", "delivered 251 2.0.0"),
        Case(.content, "250 2.6.0 \(long)", "delivered 250 2.6.0"),
        Case(.content, "250-2.0.0 Accepted\n250 2.0.0 for delivery", "delivered 250 2.0.0"),
        Case(.content, "250", "delivered 250"), Case(.recipient, "251 2.1.5 Forwarded", "delivered 250 2.0.0"),
        Case(.connect, "220-mx.test\n220-\(long)\n220 ESMTP", "delivered 250 2.0.0"),
        Case(.hello, "250-mx.test\n250-\(long)\n250 X-OTHER", "delivered 250 2.0.0"),
    ]

    @Test("an acceptance counts whatever its length", arguments: SMTPRefusalTests.acceptances)
    func accepted(expected: Case) async throws {
        let server = try await ScriptedSMTPServer(.init(at: expected.moment, .reply(expected.reply)))
        let outcome = try await deliver(Sample.message(), by: SMTPTransport(port: server.port))
        #expect(outcome.summary == expected.outcome)
        #expect(server.messages.map(\.isAccepted) == [true])
    }

    @Test("a message beyond the server's size limit is refused permanently")
    func tooLarge() async throws {
        var behaviour = ScriptedSMTPServer.Behaviour()
        behaviour.extensions = ["SIZE 100"]
        let server = try await ScriptedSMTPServer(behaviour)
        let message = try Sample.message(content: String(repeating: "x\r\n", count: 100))
        let outcome = try await deliver(message, by: SMTPTransport(port: server.port))
        // At MAIL if the client declares the size, otherwise at the end.
        guard case .permanent(let failure) = outcome else {
            Issue.record("\(outcome.summary)")
            return
        }
        #expect(failure.reply == Reply(code: 552, enhancedStatus: "5.3.4"))
    }

    @Test("a failure's description contains neither an address nor text from the server")
    func detail() async throws {
        let server = try await ScriptedSMTPServer(.init(at: .recipient, .reply("550 5.1.1 <ada@example.com> s3cret")))
        let outcome = try await deliver(Sample.message(), by: SMTPTransport(port: server.port))
        guard case .permanent(let failure) = outcome else {
            Issue.record("\(outcome.summary)")
            return
        }
        #expect(failure.description == "recipient_refused: the server answered 550 5.1.1")
        #expect(!String(reflecting: outcome).contains("ada") && !String(reflecting: outcome).contains("s3cret"))
    }

    @Test("a missing reply to QUIT holds up neither the refusal nor other messages", arguments: [1, 4])
    func noReplyToQuit(connections: Int) async throws {
        let behaviour = ScriptedSMTPServer.Behaviour { point in
            switch point.moment {
            case .recipient where point.line.contains("nobody"): .reply("550 5.1.1 No such user")
            case .quit: .silence
            default: nil
            }
        }
        let server = try await ScriptedSMTPServer(behaviour)
        let transport = SMTPTransport(port: server.port, connections: connections)
        try await withThrowingTaskGroup(of: (String, String).self) { group in
            for number in 1...6 {
                let recipient = "\(number.isMultiple(of: 2) ? "nobody" : "somebody")\(number)@example.com"
                let message = try Sample.message(to: recipient)
                group.addTask { (recipient, try await deliver(message, by: transport, within: .seconds(20)).summary) }
            }
            for try await (recipient, outcome) in group {
                let isRefused = recipient.hasPrefix("nobody")
                #expect(outcome == (isRefused ? "permanent recipient_refused 550 5.1.1" : "delivered 250 2.0.0"))
            }
        }
        #expect(server.messages.filter(\.isAccepted).count == 3)
    }
}
