import Cryptography
import MailQueue
import Net
import Redis

/// The data of sign-in in Redis. Each operation is one atomic call of a Lua script.
///
/// Redis holds no usable secret: tokens are stored as digests, records are sealed with keys that are derived from their
/// tokens, jobs are sealed with the deployment's key, and addresses and codes are stored as HMACs.
package final class SignInStore: Sendable {
    let redis: RedisClient
    let configuration: SignInStoreConfiguration
    let keys: SignInKeys
    let scripts: SignInScripts
    let random: RandomBytes
    let decoy: Decoy
    let jobKeys: KeyRing
    let addressTags: MessageAuthentication
    let codeKeys: CodeKeys

    /// - Throws: ``CryptoError/noRandomness``.
    package init(
        redis: RedisClient, configuration: SignInStoreConfiguration, random: RandomBytes
    ) throws(CryptoError) {
        precondition(!configuration.keys.isEmpty, "a deployment has a key")
        self.redis = redis
        self.configuration = configuration
        self.random = random
        keys = SignInKeys(prefix: configuration.keyPrefix)
        codeKeys = CodeKeys(configuration.keys)
        jobKeys = KeyRing(configuration.keys, purpose: MailJob.sealingPurpose)
        let primary = MessageAuthentication(key: configuration.keys[0].key)
        addressTags = MessageAuthentication(key: primary.derivedKey(for: "postern recipient bucket 1"))
        scripts = SignInScripts()
        decoy = try Decoy(random: random)
    }

    /// The scripts to load into Redis before the first request, so that it needs only one round trip.
    package static var scripts: [Script] { SignInScripts().all }

    /// Whether Redis answers.
    package func isReachable() async -> Bool {
        (try? await redis.send(RedisCommand("PING"), isIdempotent: true)) != nil
    }

    /// Calls a script.
    /// - Parameters:
    ///   - keys: the script's keys, without those of the buckets, which follow them.
    ///   - arguments: appends the script's arguments, without the settings of the buckets, which follow them.
    func call(
        _ script: Script, keys: [String], _ buckets: Buckets = Buckets(), capacity: Int = 512,
        arguments: (inout RedisCommand) -> Void
    ) async throws(StoreError) -> RESPValue {
        do {
            return try await script.call(on: redis, capacity: capacity) { command in
                command.append(keys.count + buckets.count)
                for key in keys { command.append(key) }
                buckets.appendKeys(to: &command)
                arguments(&command)
                buckets.appendSettings(to: &command)
            }
        } catch {
            throw StoreError(error)
        }
    }
}

extension IPAddress? {
    /// The network that a client's bucket counts; `unknown` for all clients whose address is unknown.
    var network: String { self?.clientNetwork ?? "unknown" }
}
