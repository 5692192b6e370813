import Cryptography
import Net
import Platform
import Redis

extension SignInStore {
    /// How many wrong codes an address may have; after that no code of it works. One guess in 200,000 succeeds.
    static let maximumTries = 5
    /// How long wrong codes are remembered, at least. They outlive every code that they were tried on.
    static let triesLifetime = Duration.seconds(3600)

    /// Takes the token behind a code, in one atomic call. A wrong code is counted.
    /// - Parameters:
    ///   - handle: `nil` for a text that is not a code handle.
    ///   - challenge: that of the verifier in the request; it must be the one that the link was requested with.
    /// - Throws: ``StoreError``; if the answer was lost, the token may have been taken, or a try counted.
    package func verify(
        _ code: SignInCode, of handle: CodeHandle?, challenge: CodeChallenge?, from client: IPAddress?
    ) async throws(StoreError) -> Verification {
        let handle = handle ?? decoy.handle
        let limit = configuration.limits.code
        var buckets = Buckets()
        buckets.append(Admission.Limit.code.rawValue, limit, key: keys.codeBucket(network: client.network))
        let name = try callName()
        let tags = codeKeys.tags(of: code, for: handle)
        let reply = try await call(scripts.verifyCode, keys: [keys.handle(digest: handle.digest)], buckets) { command in
            command.append(keys.prefix)
            command.append(name)
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
