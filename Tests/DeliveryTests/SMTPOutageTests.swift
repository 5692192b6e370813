import TestSupport
import Testing

@testable import Delivery

@Suite
struct SMTPOutageTests {
    typealias Moment = ScriptedSMTPServer.Moment
    typealias Action = ScriptedSMTPServer.Action

    /// An action of the server at a moment, and the expected outcome.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let moment: Moment
        let action: Action
        let outcome: String
        var testDescription: String { "\(name) at \(moment)" }

        init(_ name: String, _ moment: Moment, _ action: Action, _ outcome: String) {
            (self.name, self.moment, self.action, self.outcome) = (name, moment, action, outcome)
        }
    }

    /// Cases of a lost connection or a passed deadline at several moments. Before MAIL the outcome is unavailable, and
    /// after the final dot it is ambiguous (RFC 1047).
    private static func cases(
        _ name: String, _ code: String, at moments: [Moment], _ action: @Sendable (Moment) -> Action
    ) -> [Case] {
        moments.map { moment in
            let outcome =
                switch moment {
                case .connect, .hello: "unavailable \(code)"
                case .content: "ambiguous reply_lost"
                default: "transient \(code)"
                }
            return Case(name, moment, action(moment), outcome)
        }
    }

    private static let moments: [Moment] = [.connect, .hello, .mail, .recipient, .data, .content]

    /// A valid positive reply.
    private static func reply(at moment: Moment) -> String {
        switch moment {
        case .connect: "220 mx.test ESMTP"
        case .data: "354 Go on"
        default: "250 2.0.0 OK"
        }
    }

    static let closing: [Case] = [
        cases("closes", "connection_lost", at: moments) { _ in .close },
        cases("closes within a reply", "connection_lost", at: moments) { moment in
            .bytes(Array(reply(at: moment).utf8), then: .close)
        },
        cases("closes within the code", "connection_lost", at: moments) { moment in
            .bytes(Array(reply(at: moment).utf8.prefix(2)), then: .close)
        },
        // A reset directly after the greeting may arrive before the client knows that it is connected.
        cases("resets", "connection_lost", at: Array(moments.dropFirst())) { _ in .reset },
    ].flatMap { $0 }

    @Test("a lost connection fails its message, without another attempt", arguments: SMTPOutageTests.closing)
    func closes(expected: Case) async throws {
        let server = try await ScriptedSMTPServer(.init(at: expected.moment, expected.action))
        let outcome = try await deliver(Sample.message(), by: SMTPTransport(port: server.port))
        #expect(outcome.summary == expected.outcome)
        #expect(server.connectionCount == 1)
    }

    static let hanging: [Case] = [
        cases("never answers", "timeout", at: moments) { _ in .silence },
        cases("never reads again", "timeout", at: [.hello, .content]) { _ in .stall },
        cases("a byte a second", "timeout", at: [.connect, .recipient, .content]) { .trickle(reply(at: $0)) },
        cases("half a reply", "timeout", at: [.connect, .recipient, .content]) { moment in
            .bytes(Array(reply(at: moment).utf8), then: .silence)
        },
        cases("a reply without its last line", "timeout", at: [.hello, .recipient, .content]) { moment in
            .bytes(Array("\(reply(at: moment).prefix(3))-more\r\n".utf8), then: .silence)
        },
        cases("a late reply", "timeout", at: [.recipient]) { .delayedReply(reply(at: $0), by: .seconds(5)) },
    ].flatMap { $0 }

    @Test("a delivery to a server that hangs ends at its deadline", arguments: SMTPOutageTests.hanging)
    func hangs(expected: Case) async throws {
        let server = try await ScriptedSMTPServer(.init(at: expected.moment, expected.action))
        let transport = SMTPTransport(port: server.port)
        let outcome = try await deliver(Sample.message(), by: transport, within: .seconds(1))
        #expect(outcome.summary == expected.outcome)
    }

    @Test("if the server stops reading within the content, the outcome at the deadline is transient")
    func stopsReading() async throws {
        var behaviour = ScriptedSMTPServer.Behaviour(at: .contentStart, .stall)
        behaviour.extensions = []
        let server = try await ScriptedSMTPServer(behaviour)
        // More than the system's socket buffers hold.
        let line = String(repeating: "x", count: 998) + "\r\n"
        let message = try Sample.message(content: String(repeating: line, count: 50_000))
        let outcome = try await deliver(message, by: SMTPTransport(port: server.port), within: .seconds(2))
        #expect(outcome.summary == "transient timeout")
    }

    static let floods: [Case] = moments.flatMap { moment in
        ["250-More", "junk", "\0", String(repeating: "x", count: 100_000)].map { line in
            Case("a flood of \(line.prefix(8).debugDescription)", moment, .flood(line), "")
        }
    }

    @Test("a delivery to a server that floods the client fails by its deadline", arguments: SMTPOutageTests.floods)
    func flood(expected: Case) async throws {
        let server = try await ScriptedSMTPServer(.init(at: expected.moment, expected.action))
        let transport = SMTPTransport(port: server.port)
        let outcome = try await deliver(Sample.message(), by: transport, within: .seconds(2))
        let kind = outcome.summary.prefix { $0 != " " }
        switch expected.moment {
        case .connect, .hello: #expect(kind == "unavailable")
        case .content: #expect(kind == "ambiguous")
        default: #expect(kind == "transient")
        }
        await server.close()
    }

    @Test("a connection lost within the content is transient, unless all was sent", arguments: [1, 50_000])
    func closedWithinContent(lineCount: Int) async throws {
        let server = try await ScriptedSMTPServer(.init(at: .contentStart, .close))
        let line = String(repeating: "x", count: 998) + "\r\n"
        let message = try Sample.message(content: String(repeating: line, count: lineCount))
        let outcome = try await deliver(message, by: SMTPTransport(port: server.port))
        // A short message was sent completely before the client noticed the end.
        #expect(outcome.summary == (lineCount == 1 ? "ambiguous reply_lost" : "transient connection_lost"))
        #expect(server.messages.isEmpty)
    }

    @Test("a slow reply to one message does not hold up the others")
    func slowEnd() async throws {
        let server = try await ScriptedSMTPServer(
            .init { point in
                point.moment == .content && point.message == 1
                    ? .delayedReply("250 2.0.0 at last", by: .seconds(2)) : nil
            })
        let transport = SMTPTransport(port: server.port, connections: 2)
        let ended = Mutexed<[Int]>([])
        try await withThrowingTaskGroup { group in
            group.addTask { () async throws in
                let outcome = try await deliver(Sample.message(), by: transport)
                #expect(outcome.summary == "delivered 250 2.0.0")
                ended.update { $0.append(1) }
            }
            try await eventually("the first message") { server.messages.count == 1 }
            for number in 2...6 {
                #expect(try await deliver(Sample.message(), by: transport).summary == "delivered 250 2.0.0")
                ended.update { $0.append(number) }
            }
            try await group.waitForAll()
        }
        #expect(ended.value == [2, 3, 4, 5, 6, 1])
        #expect(server.connectionCount == 2)
    }

    @Test(
        "a server of another protocol is unavailable",
        arguments: ["HTTP/1.1 400 Bad Request\n\n<html>", "SSH-2.0-OpenSSH_9.9", "+OK", ""])
    func otherProtocol(greeting: String) async throws {
        let server = try await ScriptedSMTPServer(.init(at: .connect, .replyThenClose(greeting)))
        let outcome = try await deliver(Sample.message(), by: SMTPTransport(port: server.port))
        #expect(outcome.summary.hasPrefix("unavailable "))
        #expect(server.commands.isEmpty)
    }

    @Test("a port that nothing listens on is reported as connection_refused")
    func refused() async throws {
        let transport = SMTPTransport(port: try freePort())
        #expect(try await deliver(Sample.message(), by: transport).summary == "unavailable connection_refused")
    }

    @Test("an unknown host is reported as host_not_found")
    func unknownHost() async throws {
        let server = SMTPServer(host: "nonexistent.invalid", port: 25, security: .none, credentials: nil)
        let transport = SMTPTransport(
            server: server, clientName: "example.com", connections: 1, certificateAuthorities: nil)
        let outcome = try await deliver(Sample.message(), by: transport, within: .seconds(30))
        #expect(outcome.summary == "unavailable host_not_found")
    }

    @Test("a delivery that waits for a connection ends at its own deadline")
    func waiting() async throws {
        let server = try await ScriptedSMTPServer(.init(at: .mail, .silence))
        let transport = SMTPTransport(port: server.port, connections: 1)
        let message = try Sample.message()
        async let first = transport.deliver(message, within: .seconds(120), nil)
        try await eventually("the first delivery to have the connection") {
            server.commands.contains { $0.hasPrefix("MAIL") }
        }
        let outcome: DeliveryOutcome?
        do {
            outcome = try await deliver(message, by: transport, within: .seconds(1))
        } catch {
            Issue.record(error)
            outcome = nil
        }
        await server.close()
        #expect(outcome?.summary == "unavailable timeout")
        #expect(await first.summary == "transient connection_lost")
    }
}
