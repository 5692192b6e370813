import Cryptography
import Platform
import Redis
import TestSupport
import Testing
import Web

@testable import APIKeys

/// API keys while the deployment's keys change.
@Suite(.timeLimit(.minutes(2)))
struct KeyRotationTests {
    private static let (first, second) = (APIKeysHarness.firstKey, APIKeysHarness.secondKey)

    @Test("a key goes on working while the new secret key is first, and its record is not encrypted again by its use")
    func use() async throws {
        let server = try await RedisServer()
        let key = try await APIKeysHarness(server, keys: [KeyRotationTests.first]).newKey()
        let both = try await APIKeysHarness(server, keys: [KeyRotationTests.second, KeyRotationTests.first])
        // A process that does not have the new secret key yet would not open a record that a request encrypted again.
        let old = try await APIKeysHarness(server, keys: [KeyRotationTests.first])
        for harness in [both, old] { #expect(await harness.use(key).status == .ok) }
        #expect(try await both.store.list().map(\.sealedBy) == ["k1"])
    }

    @Test("keys that are not used can all be encrypted again, and keep their expiry")
    func reseal() async throws {
        let server = try await RedisServer()
        let before = try await APIKeysHarness(server, keys: [KeyRotationTests.first])
        let expires = before.now.value + .seconds(3600)
        let keys = [try await before.newKey("one"), try await before.newKey("two", expires: expires)]
        let both = try await APIKeysHarness(server, keys: [KeyRotationTests.second, KeyRotationTests.first])
        let early = try await APIKeysHarness(server, keys: [KeyRotationTests.second])
        let unreadable = try await early.store.resealAll()
        #expect(unreadable.count == 0)
        #expect(Set(unreadable.unreadable) == Set(keys.map(\.digest.id)))
        #expect(try await both.store.resealAll().count == 2)
        #expect(try await both.store.resealAll().count == 0)
        let after = try await APIKeysHarness(server, keys: [KeyRotationTests.second])
        for key in keys { #expect(await after.use(key).status == .ok) }
        let record = "postern:api-key:\(keys[1].digest.id)"
        #expect(try server.command("PEXPIRETIME", record) == "\(expires.milliseconds)")
    }

    @Test("a key whose record needs a missing secret key gets 503, is no failure, is listed, and can be revoked")
    func missingKey() async throws {
        let server = try await RedisServer()
        let key = try await APIKeysHarness(server, keys: [KeyRotationTests.first]).newKey()
        let after = try await APIKeysHarness(
            server, limits: limits(authentication: "1/1d"), keys: [KeyRotationTests.second])
        for _ in 0..<3 {
            let response = await after.use(key)
            #expect(response.status == .serviceUnavailable)
            #expect(response.fields[.retryAfter] == "1")
            #expect(response.fields[.authenticate] == nil)
        }
        // It is logged as an outage, once in ten seconds, and not as a refusal.
        #expect(after.lines(of: "service_unavailable").count == 1)
        #expect(after.log.contains("an API key's record needs the secret key k1, which is missing"))
        #expect(APIKeyRefusal.allCases.allSatisfy { after.refused($0) == 0 })
        #expect(try server.command("KEYS", "postern:api-auth:*") == "")
        let listing = try #require(try await after.store.list().first)
        #expect(listing.id == key.digest.id)
        #expect(listing.details == nil)
        #expect(listing.sealedBy == "k1")
        #expect(try await after.store.audit(atMost: 10).map(\.sealedBy) == ["k1"])
        #expect(try await after.store.revoke(key.digest.id, by: "ada", at: .now()) != nil)
        #expect(try await after.store.list() == [])
    }

    @Test("a key that is revoked while its record is encrypted again stays revoked, 64 times at once")
    func revokedMeanwhile() async throws {
        let server = try await RedisServer()
        let before = try await APIKeysHarness(server, keys: [KeyRotationTests.first])
        var keys: [APIKey] = []
        for number in 0..<64 { keys.append(try await before.newKey("n\(number)")) }
        let both = try await APIKeysHarness(server, keys: [KeyRotationTests.second, KeyRotationTests.first])
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { _ = try? await both.store.resealAll() } }
            for key in keys {
                group.addTask { _ = try? await before.store.revoke(key.digest.id, by: "ada", at: .now()) }
            }
        }
        #expect(try server.command("KEYS", "postern:api-key:*") == "")
        for key in keys { #expect(await both.use(key).status == .unauthorized) }
    }
}
