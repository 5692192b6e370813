import Cryptography
import Platform
import Redis

/// The API keys in Redis, and the audit of changes and refusals. Each change is one atomic call of a Lua script.
///
/// Redis holds neither a key nor its whole digest in the clear, and nothing that authenticates. Names, scopes and the
/// entries of the audit are sealed with the deployment's keys.
package final class APIKeyStore: Sendable {
    /// The maximum number of API keys.
    static let maximumCount = 1000

    /// The approximate maximum length of each of the audit's streams.
    let maximumAuditLength: Int
    let redis: RedisClient
    let keys: APIKeyRedisKeys
    let ring: KeyRing
    let auditRing: KeyRing
    let scripts = APIKeyScripts()
    let random: RandomBytes

    /// - Parameters:
    ///   - keyPrefix: the prefix of all keys in Redis.
    ///   - secretKeys: the deployment's keys, at least one. The first one seals.
    package init(
        redis: RedisClient, keyPrefix: String, secretKeys: [KeyRing.Entry], random: RandomBytes,
        maximumAuditLength: Int = 100_000
    ) {
        self.redis = redis
        self.maximumAuditLength = maximumAuditLength
        self.random = random
        keys = APIKeyRedisKeys(prefix: keyPrefix)
        ring = KeyRing(secretKeys, purpose: APIKeyRecord.sealingPurpose)
        auditRing = KeyRing(secretKeys, purpose: AuditEntry.sealingPurpose)
    }

    /// The scripts of programs that accept API keys, to load into Redis before the first request, so that it needs only
    /// one round trip.
    package static var scripts: [ScriptSource] { APIKeyScripts().ofRequests }

    /// Whether a reply is 1, rather than 0.
    static func isOne(_ reply: RESPValue) throws(StoreError) -> Bool {
        switch reply {
        case .integer(1): true
        case .integer(0): false
        default: throw .failed(.unexpectedReply("\(reply)"))
        }
    }
}
