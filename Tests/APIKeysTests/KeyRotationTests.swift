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

    @Test("a key that is used while the new key is first goes on working when the old one is removed")
    func use() async throws {
        let server = try await RedisServer()
        let key = try await APIKeysHarness(server, keys: [KeyRotationTests.first]).newKey()
        let both = try await APIKeysHarness(server, keys: [KeyRotationTests.second, KeyRotationTests.first])
        #expect(try await both.store.list().map(\.sealedBy) == ["k1"])
        #expect(await both.use(key).status == .ok)
        #expect(try await both.store.list().map(\.sealedBy) == ["k2"])
        let after = try await APIKeysHarness(server, keys: [KeyRotationTests.second])
        #expect(await after.use(key).status == .ok)
        #expect(try await after.store.list()[0].details?.grant.name == "portal")
    }

    @Test("keys that are not used can all be encrypted again, and keep their expiry")
    func reseal() async throws {
        let server = try await RedisServer()
        let before = try await APIKeysHarness(server, keys: [KeyRotationTests.first])
        let expires = before.now.value + .seconds(3600)
        let keys = [try await before.newKey("one"), try await before.newKey("two", expires: expires)]
        let both = try await APIKeysHarness(server, keys: [KeyRotationTests.second, KeyRotationTests.first])
        #expect(try await both.store.resealAll() == 2)
        #expect(try await both.store.resealAll() == 0)
        let after = try await APIKeysHarness(server, keys: [KeyRotationTests.second])
        for key in keys { #expect(await after.use(key).status == .ok) }
        let record = "postern:api-key:\(keys[1].digest.id)"
        #expect(try server.command("PEXPIRETIME", record) == "\(expires.milliseconds)")
    }

    @Test("a key whose record the deployment's keys do not open is refused and listed, and can be revoked")
    func goneKey() async throws {
        let server = try await RedisServer()
        let key = try await APIKeysHarness(server, keys: [KeyRotationTests.first]).newKey()
        let after = try await APIKeysHarness(
            server, limits: limits(authentication: "2/1d"), keys: [KeyRotationTests.second])
        #expect(await after.use(key).status == .unauthorized)
        #expect(after.refused(.unreadable) == 1)
        let listing = try #require(try await after.store.list().first)
        #expect(listing.id == key.digest.id)
        #expect(listing.details == nil)
        #expect(listing.sealedBy == "k1")
        let audit = try await after.store.audit(atMost: 10)
        #expect(audit.map(\.entry?.reason) == ["unreadable", nil])
        #expect(audit[1].sealedBy == "k1")
        // It counts as a failure.
        #expect(await after.use(key).status == .unauthorized)
        #expect(await after.use(key).status == .tooManyRequests)
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
            for key in keys {
                group.addTask { _ = await both.use(key) }
                group.addTask { _ = try? await before.store.revoke(key.digest.id, by: "ada", at: .now()) }
            }
        }
        #expect(try server.command("KEYS", "postern:api-key:*") == "")
        for key in keys { #expect(await both.use(key).status == .unauthorized) }
    }
}
