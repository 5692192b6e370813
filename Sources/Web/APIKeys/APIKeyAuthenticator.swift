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
            try await store.lookUp(attempt.claim, from: attempt.networks, limits)
        }
        switch lookup {
        case .found(let sealed, let quota):
            let (caller, grant) = try await identity(attempt, sealed)
            guard grant.scopes.contains(scope) else {
                let refusal = Refusal(.scope, caller, .insufficientScope(scope), .noFailure)
                throw await refuse(attempt, refusal, quota, keyFields)
            }
            metrics.keyAccepted()
            return Authentication(caller, fields: fields(quota, keyFields))
        case .notFound(let quota):
            let refusal = Refusal(attempt.refusal, attempt.caller, .invalidAPIKey, .counted)
            throw await refuse(attempt, refusal, quota, clientFields)
        case .tooManyFailures(let retryAfter, let quota, let isReported):
            throw await refuseFailures(attempt, retryAfter, quota, isReported: isReported)
        case .tooManyRequests(let retryAfter, let quota):
            metrics.limited(by: limits.key)
            context.log.limited(by: limits.key, from: attempt.networks)
            throw answer(.rateLimited(retryAfter: retryAfter), quota, keyFields)
        }
    }

    /// The caller of a known key, and what the key permits.
    /// - Parameter sealed: the key's record; `nil` for a key of the settings.
    /// - Throws: `unauthorized` if the record was changed, is that of another key, or has expired; `serviceUnavailable`
    ///   if it was sealed by a key that this process does not have.
    private func identity(
        _ attempt: Attempt, _ sealed: APIKeyRecord.Sealed?
    ) async throws(HTTPError) -> (Caller, APIKeyGrant) {
        guard let sealed else {
            // A key of the settings is found only if it is there.
            guard let key = attempt.configured, let caller = attempt.caller else { throw .internalError }
            return (caller, key.grant)
        }
        guard let digest = attempt.digest, let record = try record(sealed, of: digest, attempt.context) else {
            throw await refuse(attempt, Refusal(.unreadable, nil, .invalidAPIKey, .uncounted))
        }
        let caller = Caller(id: digest.id, name: record.grant.name)
        // Redis removes an expired record. The time is authenticated, and Redis' expiry is not.
        guard !record.grant.isExpired(at: attempt.context.now()) else {
            throw await refuse(attempt, Refusal(.expired, caller, .invalidAPIKey, .uncounted))
        }
        return (caller, record.grant)
    }

    /// Opens the record of a key; `nil` if it was changed, or is that of another key.
    /// - Throws: `serviceUnavailable` if it was sealed by a key that this process does not have.
    private func record(
        _ sealed: APIKeyRecord.Sealed, of digest: APIKeyDigest, _ context: RequestContext
    ) throws(HTTPError) -> APIKeyRecord? {
        do throws(CryptoError) {
            let record = try APIKeyRecord(opening: sealed, id: digest.id, with: store.ring)
            return record.digest.matches(digest) ? record : nil
        } catch {
            guard case .unknownKey(let id) = error else { return nil }
            // The API key is probably valid, and another process may have the secret key.
            let name = KeyRing.Entry.isName(id) ? id : "of another record"
            context.log.unavailable("an API key's record needs the secret key \(name), which is missing")
            throw .serviceUnavailable(retryAfter: .seconds(1))
        }
    }

    /// Refuses a client that has failed too often, and returns the error that answers the request.
    /// - Parameter isReported: whether such a refusal was reported in the same window.
    private func refuseFailures(
        _ attempt: Attempt, _ retryAfter: Duration, _ quota: Quota?, isReported: Bool
    ) async -> HTTPError {
        metrics.limited(by: limits.authentication)
        attempt.context.log.limited(by: limits.authentication, from: attempt.networks)
        let error = HTTPError.rateLimited(retryAfter: retryAfter)
        guard !isReported else {
            metrics.refused(.limited)
            return answer(error, quota, clientFields)
        }
        return await refuse(attempt, Refusal(.limited, nil, error, .noFailure), quota, clientFields)
    }

    /// Records a refusal, and returns the error that answers the request.
    /// - Parameter quota: that of the bucket that counted the request; `nil` if none did, or its limit is off.
    private func refuse(
        _ attempt: Attempt, _ refusal: Refusal, _ quota: Quota? = nil, _ rateLimitFields: RateLimitFields? = nil
    ) async -> HTTPError {
        let (context, reason, caller) = (attempt.context, refusal.reason, refusal.caller)
        let entry = AuditEntry(
            .refused, at: context.now(), keyID: caller?.id, keyName: caller?.name,
            client: context.clientAddress?.description, scope: attempt.scope.text, reason: reason.rawValue)
        do throws(StoreError) {
            let outcome = try await store.record(
                refusal: entry, oncePer: limits.auditWindow,
                store.keys.marker(of: reason, by: refusal.subject(attempt)),
                failures: refusal.counting == .uncounted ? (limits.authentication, attempt.networks) : nil)
            switch outcome {
            case .tooManyFailures(let retryAfter, let quota):
                return await refuseFailures(attempt, retryAfter, quota, isReported: false)
            case .recorded(let isNew, let failures):
                metrics.refused(reason)
                if isNew { context.log.refusedAPIKey(reason.rawValue, caller, from: attempt.networks) }
                if let failures { return answer(refusal.answer, failures, clientFields) }
            }
        } catch {
            // It is refused all the same.
            metrics.refused(reason)
            _ = context.answer(to: error)
        }
        return answer(refusal.answer, quota, rateLimitFields)
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

/// The refusal of a request.
private struct Refusal: Sendable {
    /// Whether a refusal is a failed authentication of the client.
    enum Counting: Sendable {
        /// It is, and the lookup counted it.
        case counted
        /// It is, which only the opened record showed: it is counted when it is recorded.
        case uncounted
        /// It is not: the key is valid, or the request was refused by the client's earlier failures.
        case noFailure
    }

    let reason: APIKeyRefusal
    /// `nil` if the key is unknown.
    let caller: Caller?
    let answer: HTTPError
    let counting: Counting

    init(_ reason: APIKeyRefusal, _ caller: Caller?, _ answer: HTTPError, _ counting: Counting) {
        self.reason = reason
        self.caller = caller
        self.answer = answer
        self.counting = counting
    }

    /// The key, or the client's network if the key is unknown: refusals of a subject for the same reason are reported
    /// once in a window, because neither bucket bounds all of them.
    func subject(_ attempt: Attempt) -> String {
        guard let caller else { return attempt.networks.reported }
        return reason == .scope ? "\(caller.id):\(attempt.scope.text)" : caller.id
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

    /// The networks that the client's failures are counted for.
    var networks: ClientNetworks { context.clientNetworks }
}
