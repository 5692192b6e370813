import Cryptography
import Net
import Platform
import Redis

/// The keys of VerifyCode.lua.
enum VerifyCodeKey: String, ScriptName {
    case links = "links_key"
    case tries = "tries_key"
}

/// The arguments of VerifyCode.lua.
enum VerifyCodeArgument: String, ScriptName {
    case id, call, challenge, portal, keys, tags
    case maximumTries = "maximum_tries"
    case networkTries = "network_tries"
    case recipientTries = "recipient_tries"
    case triesLifetime = "tries_lifetime"
}

extension SignInStore {
    /// The number of wrong codes after which a code does not work.
    static let maximumTries = 5
    /// The number of wrong codes after which no code of a recipient works that the same network requested, for the rest
    /// of ``triesLifetime``. A stranger who requests codes for an address and guesses them ends only such codes.
    static let networkTries = 25
    /// The number of wrong codes after which no code of a recipient works, for the rest of ``triesLifetime``. This many
    /// guesses have a chance of 1 in 4,000.
    static let recipientTries = 250
    /// The time for which wrong codes are remembered, from the first one.
    package static let triesLifetime = Duration.seconds(86_400)

    /// Verifies a code and marks its link as used, in one atomic call. A wrong code is counted.
    /// - Parameters:
    ///   - handle: `nil` for a text that is not a code handle.
    ///   - challenge: the challenge of the request's verifier. It must be the one that the code was requested with.
    ///   - portal: the portal that presents the code, which must be the link's; `nil` if it did not say.
    /// - Throws: ``StoreError``. If the reply was lost, the link may have been used, or a wrong code counted.
    package func verify(
        _ code: SignInCode, of handle: CodeHandle?, challenge: CodeChallenge?, at portal: Origin? = nil,
        from client: IPAddress?
    ) async throws(StoreError) -> Verification {
        let handle = handle ?? decoy.handle
        let limit = policy.limits.code
        var buckets = Buckets(keyPrefix: keys.prefix)
        buckets.append(limit, ofClient: ClientNetworks(client))
        buckets.append(ofDeployment: policy.limits.deploymentCodes)
        let callID = try newCallID()
        let reply = try await StoreError.wrapping { () async throws(RedisError) in
            try await scripts.verifyCode.call(on: redis, buckets) { names in
                names.append(.links, keys.links(at: handle.place))
                names.append(.tries, keys.tries(at: handle.place))
            } arguments: { values in
                values.append(.id, handle.id)
                values.append(.call, callID)
                values.append(.challenge, challenge?.text ?? "-")
                values.append(.portal, portal.map(SignInStore.tag) ?? "")
                values.append(.keys, tokenKeys.ids)
                values.append(.tags, codeKeys.tags(of: code, for: handle))
                values.append(.maximumTries, SignInStore.maximumTries)
                values.append(.networkTries, SignInStore.networkTries)
                values.append(.recipientTries, SignInStore.recipientTries)
                values.append(.triesLifetime, SignInStore.triesLifetime.milliseconds)
            }
        }
        let outcome = try outcome(of: reply, buckets, tellsQuota: limit.rate != nil)
        let presented = Presented(challenge: challenge, portal: portal)
        return try verification(of: presented, outcome, viaExchange: true) { (sealed) throws(CryptoError) in
            try codeKeys.token(in: sealed, for: handle)
        }
    }
}
