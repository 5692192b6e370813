import Cryptography
import Platform
import Redis
import TestSupport
import Testing
import Web

@testable import APIKeys

/// All scripts of API keys on a real Redis Cluster.
@Suite(.timeLimit(.minutes(3)))
struct ClusterTests {
    private static let prefix = "{postern}:"

    @Test("on a cluster of three primaries each script runs, and uses only the keys that it was given")
    func declaredKeys() async throws {
        let cluster = try await RedisCluster()
        let node = try cluster.node(of: ClusterTests.prefix + "audit")
        let monitor = try await RedisMonitor(node)
        let scripts = APIKeyScripts().all + RateLimiter.scripts
        let limits = try limits(key: "2/1d", authentication: "2/1d")
        func harness(_ keys: KeyRing.Entry...) async throws -> APIKeysHarness {
            // All scripts are loaded in advance, so that they are called by their digests.
            try await APIKeysHarness(
                node, limits: limits, keys: keys, keyPrefix: ClusterTests.prefix, scripts: scripts)
        }
        let before = try await harness(APIKeysHarness.firstKey)
        let key = try await before.newKey(expires: before.now.value + .seconds(3600))
        let after = try await harness(APIKeysHarness.secondKey, APIKeysHarness.firstKey)
        #expect(await after.use(key, for: "/mail").status == .forbidden)
        #expect(await after.use(key).status == .ok)
        #expect(await after.use(key).status == .tooManyRequests)
        #expect(try await after.store.resealAll().count == 1)
        #expect(try await after.store.list().map(\.sealedBy) == ["k2"])
        #expect(await before.use(key).status == .tooManyRequests)
        _ = try await after.store.revoke(key.digest.id, by: "ada", at: .now())
        for _ in 0..<2 { #expect(await after.use(key, from: "192.0.2.2").status == .unauthorized) }
        #expect(await after.use(key, from: "192.0.2.2").status == .tooManyRequests)
        let limiter = RateLimiter(redis: after.redis, keyPrefix: ClusterTests.prefix)
        _ = try await limiter.take(limits.key, for: "subject")

        let calls = try await monitor.scriptCalls()
        for script in scripts {
            let digest = Digest.sha1.hex(of: Array(script.text.utf8))
            let own = calls.filter { $0.digest == digest }
            #expect(!own.isEmpty, "\(script.text.prefix { $0 != "." })")
            for call in own { #expect(call.usedKeys.isSubset(of: call.keys), "\(script.text.prefix { $0 != "." })") }
            #expect(own.contains { !$0.usedKeys.isEmpty })
        }
    }
}
