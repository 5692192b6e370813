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

/// The keys of ExchangeLink.lua.
enum ExchangeLinkKey: String, ScriptName {
    case links = "links_key"
}

/// The arguments of ExchangeLink.lua.
enum ExchangeLinkArgument: String, ScriptName {
    case id
    case exchangeID = "exchange_id"
    case sealed, lifetime, keys
}

extension SignInStore {
    /// The lifetime of an exchange token, in which a browser follows the redirect to the portal.
    package static let exchangeLifetime = Duration.seconds(60)

    /// Exchanges a mailed token for an exchange token, in one atomic call.
    /// - Parameters:
    ///   - token: `nil` if the link has no valid token.
    ///   - exchangeToken: a new token, at the place of the mailed one.
    /// - Throws: ``StoreError``. If the reply was lost, the token may have been exchanged; it can be exchanged again.
    package func exchange(
        _ token: LoginToken?, for exchangeToken: LoginToken, from client: IPAddress?
    ) async throws(StoreError) -> ExchangeResult {
        let token = token ?? decoy.token
        var buckets = Buckets(keyPrefix: keys.prefix)
        buckets.append(policy.limits.verification, ofClient: ClientNetworks(client))
        let sealed = try StoreError.wrapping { () throws(CryptoError) in
            try token.sealed(for: exchangeToken, by: tokenKeys, random: random)
        }
        let reply = try await StoreError.wrapping { () async throws(RedisError) in
            try await scripts.exchangeLink.call(on: redis, buckets) { names in
                names.append(.links, keys.links(at: token.place))
            } arguments: { values in
                values.append(.id, token.id)
                values.append(.exchangeID, exchangeToken.id)
                values.append(.sealed, sealed)
                values.append(.lifetime, SignInStore.exchangeLifetime.milliseconds)
                values.append(.keys, tokenKeys.ids)
            }
        }
        let outcome = try outcome(of: reply, buckets, tellsQuota: false)
        if let refusal = outcome.refusal { return .limited(retryAfter: refusal.retryAfter) }
        let state = try state(outcome.rest, of: token)
        if outcome.verdict == 1, case .live(let record) = state { return .exchanged(record) }
        return .notExchanged(state)
    }
}
