import Cryptography
import Net
import Platform
import Redis
import Web

/// Authenticates callers by API keys: those in Redis, and those of the settings.
///
/// Each request asks Redis, so that a revocation takes effect at once, in all processes.
package final class APIKeyAuthenticator: Authenticator {
    private let store: APIKeyStore
    private let configured: ConfiguredAPIKeys
    private let limits: APIKeyLimits
    private let metrics: APIKeyMetrics
    /// `nil` if keys are not limited.
    private let keyFields: RateLimitFields?
    /// `nil` if clients are not limited.
    private let clientFields: RateLimitFields?

    package init(store: APIKeyStore, settings: APIKeySettings, metrics: APIKeyMetrics) {
        self.store = store
        self.metrics = metrics
        configured = settings.configured
        limits = settings.limits
        keyFields = limits.key.rate.map { RateLimitFields($0, named: "key") }
        clientFields = limits.authentication.rate.map { RateLimitFields($0) }
    }

    package func caller(
        sending context: RequestContext, needing scope: Scope
    ) async throws(HTTPError) -> Authentication {
        let digest: APIKeyDigest?
        switch APIKeyCredentials(context.request.fields.authorization) {
        case .none:
            // Nothing was guessed, so nothing is counted, and Redis is not asked.
            metrics.refused(.missing)
            throw .apiKeyRequired
        case .malformed: digest = nil
        case .key(let key): digest = key.digest
        }
        let attempt = Attempt(digest, configured, context, scope)
        let lookup = try await context.answering { () throws(StoreError) in
            try await store.lookUp(attempt.claim, from: attempt.network, limits)
        }
        switch lookup {
        case .found(let sealed, let quota):
            let (caller, grant) = try await identity(attempt, sealed)
            guard grant.scopes.contains(scope) else {
                throw await refuse(attempt, .scope, caller, answer: .insufficientScope(scope), quota, keyFields)
            }
            metrics.keyAccepted()
            return Authentication(caller, fields: fields(quota, keyFields))
        case .notFound(let quota):
            throw await refuse(attempt, attempt.refusal, attempt.caller, answer: .invalidAPIKey, quota, clientFields)
        case .tooManyFailures(let retryAfter, let quota, let isFirst):
            return try await refuseFailures(attempt, retryAfter, quota, isFirst: isFirst)
        case .tooManyRequests(let retryAfter, let quota):
            metrics.limited(by: limits.key)
            context.log.limited(by: limits.key.name)
            throw answer(.rateLimited(retryAfter: retryAfter), quota, keyFields)
        }
    }

    /// The caller of a known key, and what the key permits.
    /// - Parameter sealed: the key's record; `nil` for a key of the settings.
    /// - Throws: `unauthorized` if the record does not open, is that of another key, or has expired.
    private func identity(
        _ attempt: Attempt, _ sealed: APIKeyRecord.Sealed?
    ) async throws(HTTPError) -> (Caller, APIKeyGrant) {
        guard let sealed else {
            // A key of the settings is found only if it is there.
            guard let key = attempt.configured, let caller = attempt.caller else { throw .internalError }
            return (caller, key.grant)
        }
        guard let digest = attempt.digest,
            let record = try? APIKeyRecord(opening: sealed, id: digest.id, with: store.ring),
            record.digest.matches(digest)
        else { throw await refuse(attempt, .unreadable, nil, answer: .invalidAPIKey, isCounted: false) }
        let caller = Caller(id: digest.id, name: record.grant.name)
        // Redis removes an expired record. The time is authenticated, and Redis' expiry is not.
        guard !record.grant.isExpired(at: attempt.context.now()) else {
            throw await refuse(attempt, .expired, caller, answer: .invalidAPIKey, isCounted: false)
        }
        do {
            _ = try await store.resealIfNeeded(record, sealed)
        } catch {
            // The next request with this key tries it again.
            _ = attempt.context.answer(to: error)
        }
        return (caller, record.grant)
    }

    /// Answers a client that has failed too often.
    private func refuseFailures(
        _ attempt: Attempt, _ retryAfter: Duration, _ quota: Quota?, isFirst: Bool
    ) async throws(HTTPError) -> Authentication {
        metrics.limited(by: limits.authentication)
        attempt.context.log.limited(by: limits.authentication.name)
        let answer = answer(.rateLimited(retryAfter: retryAfter), quota, clientFields)
        guard isFirst else {
            metrics.refused(.limited)
            throw answer
        }
        throw await refuse(attempt, .limited, nil, answer: answer)
    }

    /// Records a refusal, and returns the error that answers the request.
    /// - Parameter isCounted: whether it was counted as a failure of the client, or does not count.
    private func refuse(
        _ attempt: Attempt, _ reason: APIKeyRefusal, _ caller: Caller?, answer error: HTTPError, _ quota: Quota? = nil,
        _ rateLimitFields: RateLimitFields? = nil, isCounted: Bool = true
    ) async -> HTTPError {
        metrics.refused(reason)
        let context = attempt.context
        let entry = AuditEntry(
            .refused, at: context.now(), keyID: caller?.id, keyName: caller?.name,
            client: context.clientAddress?.description, scope: attempt.scope.text, reason: reason.rawValue)
        // The key's own limit is too high for the audit.
        let marker: String? =
            if reason == .scope, let caller { "\(caller.id):\(attempt.scope.text)" } else { nil }
        do {
            let isNew = try await store.add(
                refusal: entry, oncePer: limits.auditWindow, marker,
                failures: isCounted ? nil : (limits.authentication, attempt.network))
            if isNew { context.log.refusedAPIKey(reason.rawValue, caller) }
        } catch {
            // It is refused all the same.
            _ = context.answer(to: error)
        }
        return answer(error, quota, rateLimitFields)
    }

    /// An error with the quota of a bucket.
    private func answer(_ error: HTTPError, _ quota: Quota?, _ rateLimitFields: RateLimitFields?) -> HTTPError {
        var error = error
        error.fields.append(fields(quota, rateLimitFields))
        return error
    }

    private func fields(_ quota: Quota?, _ rateLimitFields: RateLimitFields?) -> ResponseFields {
        var fields = ResponseFields()
        if let quota { rateLimitFields?.add(quota, to: &fields) }
        return fields
    }
}

/// A request with credentials, as far as they are known without Redis.
private struct Attempt: Sendable {
    /// `nil` if the credentials are malformed.
    let digest: APIKeyDigest?
    let context: RequestContext
    let scope: Scope
    /// The key of the settings that the credentials are; it may have expired.
    let configured: ConfiguredAPIKey?
    let claim: APIKeyStore.Claim
    /// The reason of the refusal, if the key is not found.
    let refusal: APIKeyRefusal

    init(_ digest: APIKeyDigest?, _ keys: ConfiguredAPIKeys, _ context: RequestContext, _ scope: Scope) {
        self.digest = digest
        self.context = context
        self.scope = scope
        guard let digest else {
            (configured, claim, refusal) = (nil, .refused, .malformed)
            return
        }
        configured = keys.key(with: digest)
        guard let configured else {
            (claim, refusal) = (.stored(id: digest.id), .unknown)
            return
        }
        let isExpired = configured.grant.isExpired(at: context.now())
        claim = isExpired ? .refused : .configured(id: digest.id)
        refusal = .expired
    }

    /// The caller, if the key is one of the settings.
    var caller: Caller? {
        guard let digest, let configured else { return nil }
        return Caller(id: digest.id, name: configured.grant.name)
    }

    /// The network that the client's failures are counted for; `unknown` for all clients whose address is unknown.
    var network: String { context.clientAddress?.clientNetwork ?? "unknown" }
}
