import Cryptography
import Net
import Platform
import Redis
import TestSupport
import Testing

@testable import SignIn

/// Redis refuses a command in the middle of a script. What the script wrote before must then be undone.
@Suite(.timeLimit(.minutes(3)))
struct AllOrNothingTests {
    /// The operations of the store, each in a state in which it writes.
    enum Operation: String, Sendable, CaseIterable {
        case send, sendAgain, refusedRecipient, exchange, mailedToken, exchangeToken, rightCode, wrongCode, lastTry,
            inspect

        /// The state of link and queue that the operation needs, and the operation.
        fileprivate func prepare(_ harness: StoreHarness) async throws -> @Sendable () async throws -> Void {
            if self == .send { return { _ = try await harness.mail() } }
            let mail = try await harness.mail()
            let client = IPAddress.v4(0xC000_0201)
            switch self {
            case .send, .sendAgain: return { _ = try await harness.mail() }
            case .refusedRecipient:
                for _ in 0..<3 { _ = try await harness.mail(to: "bob@example.com") }
                return { _ = try await harness.admit(to: "bob@example.com") }
            case .exchange:
                let token = try mail.newExchangeToken()
                return { _ = try await harness.store.exchange(mail.token, for: token, from: client) }
            case .mailedToken: return { _ = try await harness.verify(mail.token) }
            case .exchangeToken:
                // Wrong codes are forgotten by a sign-in.
                try await harness.guess(1, of: mail)
                let token = try await harness.press(mail)
                return { _ = try await harness.verify(token) }
            case .rightCode:
                try await harness.guess(1, of: mail)
                return { _ = try await harness.verify(code: "271828", of: mail.handle) }
            case .wrongCode: return { _ = try await harness.verify(code: "000000", of: mail.handle) }
            case .lastTry:
                try await harness.guess(4, of: mail)
                return { _ = try await harness.verify(code: "000000", of: mail.handle) }
            case .inspect: return { _ = try await harness.store.state(of: mail.token) }
            }
        }
    }

    private static let limits = SignInLimits(
        client: try? limit("1000/1d"), recipient: try? limit("3/1d"), mailbox: try? limit("100/1d"),
        deployment: try? limit("1000/1d"), verification: try? limit("1000/1d"), code: try? limit("1000/1d"),
        deploymentCodes: try? limit("1000/1d"))

    @Test("an operation that Redis refuses in part leaves nothing, whatever the command", arguments: Operation.allCases)
    func denied(_ operation: Operation) async throws {
        let harness = try await StoreHarness(limits: AllOrNothingTests.limits, retention: .seconds(86_400))
        let commands = CommandDenial.commands(of: SignInStore.scripts)
        #expect(commands.contains("XADD") && commands.contains("SET") && commands.count > 5)
        var failures = 0
        for command in commands {
            try harness.server.command("FLUSHALL")
            let run = try await operation.prepare(harness)
            var didFail = false
            let changes = try await CommandDenial.changes(denying: command, on: harness.server) {
                didFail = true
                try await run()
                didFail = false
            }
            #expect(changes == [], "\(command)")
            failures += didFail ? 1 : 0
        }
        #expect(failures > 0)
    }

    @Test("a stream whose ids are used up takes no job, and nothing else is left", arguments: [false, true])
    func usedUp(hasLink: Bool) async throws {
        let harness = try await StoreHarness(limits: AllOrNothingTests.limits)
        if hasLink { _ = try await harness.mail() }
        try harness.server.command("XADD", "postern:mail", "18446744073709551615-18446744073709551615", "v", "2")
        let before = try CommandDenial.contents(of: harness.server)
        await #expect(throws: StoreError.self) { try await harness.mail() }
        #expect(try CommandDenial.contents(of: harness.server) == before)
    }

    @Test("a value that is put back expires when it did before")
    func expiration() async throws {
        let harness = try await StoreHarness(limits: AllOrNothingTests.limits)
        let mail = try await harness.mail()
        let before = try await harness.snapshot()
        try harness.server.command("ACL", "SETUSER", "default", "-xadd")
        await #expect(throws: StoreError.self) { try await harness.mail() }
        try harness.server.command("ACL", "SETUSER", "default", "+@all")
        let after = try await harness.snapshot()
        #expect(Set(after.entries.keys) == Set(before.entries.keys))
        for (key, entry) in before.entries where key != "postern:mail" {
            // A bucket's key expires within a second of the time at which the bucket is full.
            let end = try #require(after.entries[key]?.end)
            #expect(abs(end - entry.end) <= (key == mail.linksKey ? 0 : 1000), "\(key)")
        }
    }
}
