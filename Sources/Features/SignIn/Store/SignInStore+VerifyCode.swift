import Cryptography
import Net
import Platform
import Redis

/// The keys of VerifyCode.lua.
enum VerifyCodeKey: String, ScriptName {
    case links = "links_key"
    case tries = "tries_key"
    case earlier = "earlier_key"
}

/// The arguments of VerifyCode.lua.
enum VerifyCodeArgument: String, ScriptName {
    case id, call, challenge, tags
    case maximumTries = "maximum_tries"
    case triesLifetime = "tries_lifetime"
}

extension SignInStore {
    /// The number of wrong codes after which no code of an address works. This many guesses have a chance of 1 in
    /// 200,000.
    static let maximumTries = 5
    /// The shortest time for which wrong codes are remembered. It is extended to the lifetime of links if that is
    /// longer.
    private static let shortestTriesLifetime = Duration.seconds(3600)

    /// The time for which wrong codes are remembered.
    package var triesLifetime: Duration { max(SignInStore.shortestTriesLifetime, policy.linkLifetime) }

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
                names.append(.earlier, keys.earlierHandle(digest: handle.digest))
            } arguments: { values in
                values.append(.id, handle.id)
                values.append(.call, callID)
                values.append(.challenge, challenge?.text ?? "-")
                values.append(.tags, codeKeys.tags(of: code, for: handle))
                values.append(.maximumTries, SignInStore.maximumTries)
                values.append(.triesLifetime, triesLifetime.milliseconds)
            }
        }
        let outcome = try outcome(of: reply, buckets, tellsQuota: limit.rate != nil)
        guard outcome.verdict != SignInStore.earlierVerdict else {
            return try await verifyEarlier(code, of: handle, challenge: challenge, callID, buckets)
        }
        return try verification(outcome, viaExchange: true) { (sealed, keyID) throws(CryptoError) in
            try codeKeys.token(in: sealed, keyID: keyID, for: handle)
        }
    }
}
