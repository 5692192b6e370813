import Cryptography
import Platform
import Redis
import TestSupport
import Testing
import Web

@testable import APIKeys

/// Redis refuses a command in the middle of a script. What the script wrote before must then be undone.
@Suite(.timeLimit(.minutes(3)))
struct AllOrNothingTests {
    enum Operation: String, Sendable, CaseIterable {
        case add, addWithExpiry, revoke, authenticate, refuse, reseal
    }

    private struct Unavailable: Error {}

    private func run(_ operation: Operation, _ key: APIKey, _ harness: APIKeysHarness) async throws {
        let now = UnixTime.now()
        switch operation {
        case .add, .addWithExpiry:
            let expires = operation == .add ? nil : now + .seconds(3600)
            let grant = APIKeyGrant(name: "other", scopes: ["links:write"], expires: expires)
            _ = try await harness.store.add(APIKey(random: .system), grant, by: "ada", at: now)
        case .revoke: _ = try await harness.store.revoke(key.digest.id, by: "ada", at: now)
        case .authenticate, .refuse:
            let response = operation == .refuse ? try await harness.guess() : await harness.use(key)
            if response.status != .ok && response.status != .unauthorized { throw Unavailable() }
        case .reseal: _ = try await harness.store.resealAll()
        }
    }

    @Test("an operation that Redis refuses in part leaves nothing, whatever the command", arguments: Operation.allCases)
    func denied(_ operation: Operation) async throws {
        let server = try await RedisServer()
        let limits = try limits(key: "100/1d", authentication: "100/1d")
        let first = try await APIKeysHarness(server, limits: limits)
        let harness = try await APIKeysHarness(
            server, limits: limits, keys: [APIKeysHarness.secondKey, APIKeysHarness.firstKey])
        var failures = 0
        for command in CommandDenial.commands(of: APIKeyStore.scripts) {
            try server.command("FLUSHALL")
            let key = try await first.newKey()
            var didFail = true
            let changes = try await CommandDenial.changes(denying: command, on: server) {
                try await run(operation, key, harness)
                didFail = false
            }
            // That a request with the key came is true whatever became of it.
            #expect(changes.filter { operation != .authenticate || !$0.contains("api-key:") } == [], "\(command)")
            failures += didFail ? 1 : 0
        }
        #expect(failures > 0)
    }
}
