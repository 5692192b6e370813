import Cryptography
import Net
import Platform
import Redis

/// The keys of AuthenticateAPIKey.lua.
enum AuthenticateAPIKeyKey: String, ScriptName {
    case record = "record_key"
    case marker = "marker_key"
}

/// The arguments of AuthenticateAPIKey.lua.
enum AuthenticateAPIKeyArgument: String, ScriptName {
    case kind
    case failureBuckets = "failure_buckets"
    case keyBucket = "key_bucket"
}

extension APIKeyStore {
    /// A request's credentials, as far as they are known without Redis.
    enum Claim: Sendable {
        /// A key that is not in the settings.
        case stored(id: String)
        /// A key of the settings.
        case configured(id: String)
        /// Credentials that are invalid.
        case refused

        fileprivate var kind: String {
            switch self {
            case .stored: "stored"
            case .configured: "configured"
            case .refused: "refused"
            }
        }

        fileprivate var id: String {
            switch self {
            case .stored(let id), .configured(let id): id
            case .refused: "none"
            }
        }
    }

    /// The answer of Redis about a request's credentials.
    enum Lookup: Sendable {
        /// The key is known; for one that is stored, its record. The quota is the key's.
        case found(APIKeyRecord.Sealed?, Quota?)
        /// It is not, and that was counted as a failure of the client. The quota is that of its failures.
        case notFound(Quota?)
        /// It is not, and the client has failed too often.
        /// - Parameter isReported: whether such a refusal was reported in the same window.
        case tooManyFailures(retryAfter: Duration, Quota?, isReported: Bool)
        /// The key was used too often.
        case tooManyRequests(retryAfter: Duration, Quota?)
    }

    /// Looks up a request's credentials, and counts the request, in one atomic call.
    /// - Parameter client: the networks that the client's failures are counted for.
    /// - Throws: ``StoreError``.
    func lookUp(
        _ claim: Claim, from client: ClientNetworks, _ limits: APIKeyLimits
    ) async throws(StoreError) -> Lookup {
        var buckets = Buckets(keyPrefix: keys.prefix)
        buckets.append(limits.authentication, ofClient: client)
        let failureBuckets = buckets.count
        buckets.append(limits.key, of: claim.id)
        let keyBucket = limits.key.rate == nil ? 0 : buckets.count
        let reply = try await StoreError.wrapping { () async throws(RedisError) in
            // If the reply is lost, a second token may be taken: at worst, a bucket is full a little later.
            try await scripts.authenticate.call(on: redis, buckets) { names in
                names.append(.record, keys.record(of: claim.id))
                names.append(.marker, keys.marker(of: .limited, by: client.reported))
            } arguments: { values in
                values.append(.kind, claim.kind)
                values.append(.failureBuckets, failureBuckets)
                values.append(.keyBucket, keyBucket)
            }
        }
        // A bucket whose limit is off has no quota.
        guard let outcome = buckets.outcome(of: reply, tellsQuota: true) else {
            throw .failed(.unexpectedReply("not the reply of AuthenticateAPIKey.lua"))
        }
        switch (outcome.verdict, outcome.refusal) {
        case (1, nil):
            return .found(try APIKeyStore.record(in: outcome.rest, of: claim), keyBucket > 0 ? outcome.quota : nil)
        case (-1, nil):
            return .notFound(failureBuckets > 0 ? outcome.quota : nil)
        case (0, let refusal?) where refusal.limit == limits.authentication:
            return .tooManyFailures(
                retryAfter: refusal.retryAfter, outcome.quota, isReported: outcome.rest.first == .integer(1))
        case (0, let refusal?):
            return .tooManyRequests(retryAfter: refusal.retryAfter, outcome.quota)
        default:
            throw .failed(.unexpectedReply("the verdict \(outcome.verdict)"))
        }
    }

    /// The record in a reply; `nil` if the key is one of the settings.
    private static func record(
        in rest: ArraySlice<RESPValue>, of claim: Claim
    ) throws(StoreError) -> APIKeyRecord.Sealed? {
        guard case .stored = claim else { return nil }
        guard rest.count == 2, case .bulk(let keyID)? = rest.first, case .bulk(let box)? = rest.last else {
            throw .failed(.unexpectedReply("not a record"))
        }
        return APIKeyRecord.Sealed(keyID: String(decoding: keyID, as: UTF8.self), box: box)
    }
}

extension APIKeyLimits {
    /// The time in which refusals of the same kind are reported once.
    var auditWindow: Duration { authentication.rate?.period ?? .seconds(60) }
}
