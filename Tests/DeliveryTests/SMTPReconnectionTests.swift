import TestSupport
import Testing

@testable import Delivery

@Suite
struct SMTPReconnectionTests {
    typealias Point = ScriptedSMTPServer.Point
    typealias Action = ScriptedSMTPServer.Action

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let script: @Sendable (Point) -> Action?

        /// - Parameter script: returns the server's action on its first connection.
        init(_ name: String, _ script: @escaping @Sendable (Point) -> Action?) {
            testDescription = name
            self.script = { $0.connection == 1 ? script($0) : nil }
        }
    }

    /// A script with one action, at a moment of a connection's second message.
    private static func second(_ moment: ScriptedSMTPServer.Moment, _ action: Action) -> @Sendable (Point) -> Action? {
        { $0.moment == moment && $0.messageOfConnection == 2 ? action : nil }
    }

    /// A script with one action, at the end of a connection's first message.
    private static func afterFirst(_ action: Action) -> @Sendable (Point) -> Action? {
        { $0.moment == .content && $0.messageOfConnection == 1 ? action : nil }
    }

    static let cases = [
        Case("421 at MAIL, and closes", second(.mail, .replyThenClose("421 4.4.2 Idle for too long"))),
        Case("421 at MAIL, and waits for QUIT", second(.mail, .reply("421 4.4.2 Idle for too long"))),
        Case("421 at RCPT", second(.recipient, .reply("421 4.3.2 Going down"))),
        Case("421 at DATA", second(.data, .replyThenClose("421 4.3.2 Going down"))),
        Case("451 4.4.2 at MAIL, and closes", second(.mail, .replyThenClose("451 4.4.2 Timeout waiting for data"))),
        Case("451 4.4.2 at MAIL", second(.mail, .reply("451 4.4.2 Timeout waiting for data"))),
        Case("452 at RCPT", second(.recipient, .reply("452 4.5.3 Too many messages on this connection"))),
        Case("450 at RCPT", second(.recipient, .reply("450 4.2.1 Later"))),
        Case("451 at DATA", second(.data, .reply("451 4.3.0 Later"))),
        Case("450 at the dot", second(.content, .reply("450 Later"))),
        Case("421 at the dot", second(.content, .replyThenClose("421 4.4.2 Timeout"))),
        Case("550 for too many messages", second(.recipient, .reply("550 5.7.0 Too many messages"))),
        Case("554 that says nothing, at the dot", second(.content, .reply("554 5.7.1 No"))),
        Case("530 at MAIL", second(.mail, .reply("530 5.7.0 The session has expired"))),
        Case("closes at MAIL", second(.mail, .close)),
        Case("resets at MAIL", second(.mail, .reset)),
        Case("closes at RCPT", second(.recipient, .close)),
        Case("closes at DATA", second(.data, .close)),
        Case("closes while idle", afterFirst(.replyThenClose("250 2.0.0 OK"))),
        Case("421 while idle, and closes", afterFirst(.replyThenClose("250 2.0.0 OK\n421 4.4.2 Idle for too long"))),
        Case("421 while idle, and stays", afterFirst(.reply("250 2.0.0 OK\n421 4.4.2 Idle for too long"))),
    ]

    @Test("if a kept connection was closed, a new one is used at once", arguments: SMTPReconnectionTests.cases)
    func reconnects(expected: Case) async throws {
        let server = try await ScriptedSMTPServer(.init(script: expected.script))
        let transport = SMTPTransport(port: server.port)
        let first = try await deliver(Sample.message(to: "first@example.com"), by: transport)
        try #require(first.summary == "delivered 250 2.0.0")
        let second = try await deliver(Sample.message(to: "second@example.com"), by: transport)
        #expect(second.summary == "delivered 250 2.0.0")
        let accepted = server.messages.filter(\.isAccepted)
        #expect(accepted.flatMap(\.recipients) == ["first@example.com", "second@example.com"])
        #expect(server.connectionCount == 2)
    }

    @Test("a message whose final dot was sent is not sent again at once", arguments: [Action.close, .reset])
    func notRepeated(action: Action) async throws {
        let server = try await ScriptedSMTPServer(.init(script: SMTPReconnectionTests.second(.content, action)))
        let transport = SMTPTransport(port: server.port)
        #expect(try await deliver(Sample.message(), by: transport).summary == "delivered 250 2.0.0")
        #expect(try await deliver(Sample.message(), by: transport).summary == "ambiguous reply_lost")
        #expect(server.messages.count == 2)
        #expect(server.connectionCount == 1)
    }

    @Test("what the new connection says counts, and is not tried again")
    func refusedTwice() async throws {
        let server = try await ScriptedSMTPServer(
            .init { $0.moment == .recipient && $0.message > 1 ? .reply("450 4.2.0 Greylisted") : nil })
        let transport = SMTPTransport(port: server.port)
        #expect(try await deliver(Sample.message(), by: transport).summary == "delivered 250 2.0.0")
        #expect(try await deliver(Sample.message(), by: transport).summary == "transient recipient_refused 450 4.2.0")
        #expect(server.connectionCount == 2)
    }

    @Test("an unknown recipient is not tried again on a new connection")
    func unknownRecipient() async throws {
        let refusal = SMTPReconnectionTests.second(.recipient, .reply("550 5.1.1 No such user"))
        let server = try await ScriptedSMTPServer(.init(script: refusal))
        let transport = SMTPTransport(port: server.port)
        #expect(try await deliver(Sample.message(), by: transport).summary == "delivered 250 2.0.0")
        #expect(try await deliver(Sample.message(), by: transport).summary == "permanent recipient_refused 550 5.1.1")
        #expect(server.connectionCount == 1)
    }

    @Test("after a burst whose connections all went stale, each message arrives at its first delivery")
    func staleBurst() async throws {
        let isIdle = Mutexed(false)
        let server = try await ScriptedSMTPServer(
            .init { point in
                // Every connection of the burst is refused afterwards, and stays open.
                isIdle.value && point.moment == .mail && point.connection <= 8
                    ? .reply("451 4.4.2 Timeout waiting for data from client") : nil
            })
        let transport = SMTPTransport(port: server.port, connections: 8)
        func burst(_ name: String) async throws {
            try await withThrowingTaskGroup(of: String.self) { group in
                for number in 1...8 {
                    let message = try Sample.message(to: "\(name)\(number)@example.com")
                    group.addTask { try await deliver(message, by: transport).summary }
                }
                for try await outcome in group { #expect(outcome == "delivered 250 2.0.0") }
            }
        }
        try await burst("first")
        isIdle.value = true
        try await burst("second")
        #expect(Set(server.messages.filter(\.isAccepted).flatMap(\.recipients)).count == 16)
    }

    @Test("a connection that was idle for more than five seconds is not used again")
    func idle() async throws {
        let server = try await ScriptedSMTPServer()
        let transport = SMTPTransport(port: server.port)
        #expect(try await deliver(Sample.message(), by: transport).summary == "delivered 250 2.0.0")
        try await Task.sleep(for: .seconds(6))  // The time is what is tested.
        #expect(try await deliver(Sample.message(), by: transport).summary == "delivered 250 2.0.0")
        #expect(server.connectionCount == 2)
    }

    @Test("if the new connection is refused too, the server is unavailable")
    func twice() async throws {
        let behaviour = ScriptedSMTPServer.Behaviour { point in
            switch point.moment {
            case .mail where point.messageOfConnection == 2: .replyThenClose("421 4.4.2 Idle for too long")
            case .connect where point.connection > 1: .replyThenClose("421 4.3.2 Going down")
            default: nil
            }
        }
        let server = try await ScriptedSMTPServer(behaviour)
        let transport = SMTPTransport(port: server.port)
        #expect(try await deliver(Sample.message(), by: transport).summary == "delivered 250 2.0.0")
        let second = try await deliver(Sample.message(), by: transport)
        #expect(second.summary == "unavailable service_unavailable 421 4.3.2")
        #expect(server.connectionCount == 2)
    }

    @Test("a message that gets 421 on a new connection is not tried again at once")
    func notAgain() async throws {
        let server = try await ScriptedSMTPServer(.init(at: .mail, .replyThenClose("421 4.3.2 Busy")))
        let outcome = try await deliver(Sample.message(), by: SMTPTransport(port: server.port))
        #expect(outcome.summary == "unavailable service_unavailable 421 4.3.2")
        #expect(server.connectionCount == 1)
    }

    @Test("a delivery on a kept connection that hangs ends at its deadline, without another attempt")
    func hangs() async throws {
        let server = try await ScriptedSMTPServer(.init(script: SMTPReconnectionTests.second(.mail, .silence)))
        let transport = SMTPTransport(port: server.port)
        #expect(try await deliver(Sample.message(), by: transport).summary == "delivered 250 2.0.0")
        let outcome = try await deliver(Sample.message(), by: transport, within: .seconds(1))
        #expect(outcome.summary == "transient timeout")
        #expect(server.connectionCount == 1)
    }

    @Test("a server that restarts on the same port is used again")
    func restart() async throws {
        let port: Int
        let transport: SMTPTransport
        do {
            let server = try await ScriptedSMTPServer()
            port = server.port
            transport = SMTPTransport(port: port)
            #expect(try await deliver(Sample.message(), by: transport).summary == "delivered 250 2.0.0")
            await server.close()
        }
        for _ in 1...2 {
            let outcome = try await deliver(Sample.message(), by: transport)
            #expect(outcome.summary == "unavailable connection_refused")
        }
        let server = try await ScriptedSMTPServer(port: port)
        #expect(try await deliver(Sample.message(), by: transport).summary == "delivered 250 2.0.0")
        #expect(server.messages.count == 1)
    }
}
