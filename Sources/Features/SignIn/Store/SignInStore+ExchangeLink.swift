import Cryptography
import Net
import Platform
import Redis

/// The result of exchanging a mailed token for an exchange token.
package enum ExchangeResult: Sendable {
    /// The exchange token is stored; the record is that of the mailed token.
    case exchanged(TokenRecord)
    case notExchanged(LinkState)
    case limited(retryAfter: Duration)
}

extension SignInStore {
    /// The lifetime of an exchange token, in which a browser follows the redirect to the portal.
    package static let exchangeLifetime = Duration.seconds(60)

    /// Exchanges a mailed token for an exchange token, in one atomic call.
    /// - Parameters:
    ///   - token: `nil` if the link has no valid token.
    ///   - exchangeToken: a new token.
    /// - Throws: ``StoreError``. If the reply was lost, the token may have been exchanged; it can be exchanged again.
    package func exchange(
        _ token: LoginToken?, for exchangeToken: LoginToken, from client: IPAddress?
    ) async throws(StoreError) -> ExchangeResult {
        let token = token ?? decoy.token
        var buckets = Buckets()
        buckets.append(
            Admission.Limit.verification.rawValue, configuration.limits.verification,
            key: keys.verificationBucket(network: client.network))
        let sealed = try StoreError.wrapping { () throws(CryptoError) in
            try token.sealed(for: exchangeToken, random: random)
        }
        let reply = try await call(
            scripts.exchangeLink, keys: [keys.token(digest: token.digest), keys.token(digest: exchangeToken.digest)],
            buckets
        ) { command in
            command.append(sealed)
            command.append(SignInStore.exchangeLifetime.milliseconds)
        }
        guard let outcome = buckets.outcome(of: reply, tellsQuota: false) else {
            throw .failed(.unexpectedReply("\(reply)"))
        }
        if let refusal = outcome.refusal { return .limited(retryAfter: refusal.retryAfter) }
        let state = try state(outcome.rest, of: token)
        if outcome.verdict == 1, case .live(let record) = state { return .exchanged(record) }
        return .notExchanged(state)
    }
}
