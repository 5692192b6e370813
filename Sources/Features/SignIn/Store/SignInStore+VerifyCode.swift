import Cryptography
import Net
import Platform
import Redis

extension SignInStore {
    /// The number of wrong codes after which no code of an address works. This many guesses have a chance of 1 in
    /// 200,000.
    static let maximumTries = 5
    /// The shortest time for which wrong codes are remembered. It is extended to the lifetime of links if that is
    /// longer.
    static let triesLifetime = Duration.seconds(3600)

    /// Verifies a code and marks its token as used, in one atomic call. A wrong code is counted.
    /// - Parameters:
    ///   - handle: `nil` for a text that is not a code handle.
    ///   - challenge: the challenge of the request's verifier. It must be the one that the code was requested with.
    /// - Throws: ``StoreError``. If the reply was lost, the token may have been used, or a wrong code counted.
    package func verify(
        _ code: SignInCode, of handle: CodeHandle?, challenge: CodeChallenge?, from client: IPAddress?
    ) async throws(StoreError) -> Verification {
        let handle = handle ?? decoy.handle
        let limit = configuration.limits.code
        var buckets = Buckets()
        buckets.append(Admission.Limit.code.rawValue, limit, key: keys.codeBucket(network: client.network))
        let callID = try newCallID()
        let tags = codeKeys.tags(of: code, for: handle)
        let reply = try await call(scripts.verifyCode, keys: [keys.handle(digest: handle.digest)], buckets) { command in
            command.append(keys.prefix)
            command.append(callID)
            command.append(challenge?.text ?? "-")
            command.append(tags)
            command.append(SignInStore.maximumTries)
            command.append(max(SignInStore.triesLifetime, configuration.linkLifetime).milliseconds)
        }
        return try verification(reply, buckets, tellsQuota: limit != nil, viaExchange: true) {
            (sealed, keyID) throws(CryptoError) in try codeKeys.token(in: sealed, keyID: keyID, for: handle)
        }
    }
}
