import Cryptography
import MailQueue
import Net
import Redis
import Web

/// The data of sign-in in Redis. Each operation is one atomic call of a Lua script.
///
/// Redis holds no usable secret, and nothing in it is believed that this deployment did not write: tokens are stored as
/// digests, records are sealed with keys that are derived from their tokens and the deployment's keys, jobs are sealed
/// with the deployment's key, and addresses and codes are stored as HMACs.
package final class SignInStore: Sendable {
    package let redis: RedisClient
    package let policy: SignInPolicy
    package let keys: SignInKeys
    let scripts: SignInScripts
    package let random: RandomBytes
    let decoy: Decoy
    package let jobKeys: KeyRing
    package let codeKeys: CodeKeys
    package let tokenKeys: TokenKeys
    private let places: Places
    /// Calls after which more than half of a limit of the deployment was used, until they are reported.
    let pressure = DeploymentPressure()
    /// Tokens of the deployment's limit of sign-in requests.
    let deploymentLease: TokenLease

    /// - Parameters:
    ///   - keyPrefix: the prefix of all keys in Redis.
    ///   - secretKeys: the deployment's keys, at least one. The first one seals.
    /// - Throws: ``CryptoError/noRandomness``.
    package init(
        redis: RedisClient, policy: SignInPolicy, keyPrefix: String, secretKeys: [KeyRing.Entry], random: RandomBytes
    ) throws(CryptoError) {
        precondition(!secretKeys.isEmpty, "a deployment has a key")
        self.redis = redis
        self.policy = policy
        self.random = random
        deploymentLease = TokenLease(of: policy.limits.deployment)
        keys = SignInKeys(prefix: keyPrefix)
        codeKeys = CodeKeys(secretKeys)
        tokenKeys = TokenKeys(secretKeys)
        jobKeys = KeyRing(secretKeys, purpose: MailJob.sealingPurpose)
        places = Places(secretKeys[0].key)
        scripts = SignInScripts()
        decoy = try Decoy(tokenKeys, random: random)
    }

    /// The scripts to load into Redis before the first request, so that it needs only one round trip.
    package static var scripts: [ScriptSource] { SignInScripts().all }

    /// The Lua functions that read and write the links of a place, to be prepended to scripts.
    package static let linkFunctions = Buckets.script + PackageResources.Links_lua

    /// The place of links to a recipient, at which their tokens and code handles must be issued.
    /// - Parameter challenge: `nil` for links that work in every browser.
    package func place(for recipient: EmailAddress, _ portal: Origin, _ challenge: CodeChallenge?) -> Place {
        places.place(for: recipient, portal, challenge)
    }

    /// The place of links to a recipient that a trusted caller requests for a purpose.
    package func place(
        for recipient: EmailAddress, _ portal: Origin, _ purpose: LinkPurpose, of caller: Caller
    ) -> Place {
        places.place(for: recipient, portal, purpose, of: caller)
    }

    /// The tag of a recipient's buckets: that of its mailbox, so that an alias is no other recipient.
    /// - Parameter place: the recipient's.
    func recipientTag(for recipient: EmailAddress, at place: Place) -> String {
        guard policy.limits.areAliasesOne else { return place.recipientTag }
        let mailbox = recipient.mailbox
        return mailbox == recipient.text ? place.recipientTag : places.recipientTag(of: mailbox)
    }

    /// The tag of a portal in Redis: the first 16 hexadecimal digits of its SHA-256.
    package static func tag(of portal: Origin) -> String {
        String(Substring(Digest.sha256.hex(of: Array(portal.description.utf8)).utf8.prefix(16)))
    }

    /// The verdict of a script that changed nothing because this process lacks the key that sealed the link.
    private static let missingKeyVerdict = 2

    /// Parses the reply of a script that takes tokens from buckets.
    /// - Throws: ``StoreError``; ``CryptoError/unknownKey(id:)`` if this process lacks the key that sealed the link.
    func outcome(
        of reply: RESPValue, _ buckets: Buckets, tellsQuota: Bool
    ) throws(StoreError) -> Buckets.Outcome {
        guard let outcome = buckets.outcome(of: reply, tellsQuota: tellsQuota) else {
            throw .failed(.unexpectedReply("\(reply)"))
        }
        if outcome.verdict == SignInStore.missingKeyVerdict, case .bulk(let id)? = outcome.rest.first {
            throw .crypto(.unknownKey(id: String(decoding: id, as: UTF8.self)))
        }
        if let (limit, left, count) = outcome.pressure { pressure.record(limit, left: left, count: count) }
        return outcome
    }
}
