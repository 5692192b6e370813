/// Counts against one limit, in a call of its own. Operations with a script of their own take from ``Buckets`` instead,
/// so that they remain one call.
package struct RateLimiter: Sendable {
    /// The result of taking a token.
    package enum Decision: Sendable, Equatable {
        /// There was a token, or the limit is off. `nil` for the latter.
        case admitted(Quota?)
        /// There was no token, and nothing was changed.
        case limited(retryAfter: Duration, Quota)
    }

    private let redis: RedisClient
    private let keyPrefix: String
    private let script: Script<NoNames, NoNames>

    /// - Parameter keyPrefix: the deployment's key prefix.
    package init(redis: RedisClient, keyPrefix: String) {
        self.redis = redis
        self.keyPrefix = keyPrefix
        script = RateLimiter.script
    }

    /// The scripts to load into Redis before the first call, so that it needs only one round trip.
    package static var scripts: [ScriptSource] { [script.source] }

    private static var script: Script<NoNames, NoNames> { Script(Buckets.script, PackageResources.RateLimit_lua) }

    /// Takes a token from a subject's bucket, if the bucket has one. If the limit is off, Redis is not asked.
    /// - Parameter subject: such as a client's network; never an email address or a secret, because it is part of a
    ///   key.
    /// - Throws: ``StoreError``. If the reply was lost, a token may have been taken.
    package func take(_ limit: Limit, for subject: String) async throws(StoreError) -> Decision {
        var buckets = Buckets(keyPrefix: keyPrefix)
        buckets.append(limit, of: subject)
        guard buckets.count > 0 else { return .admitted(nil) }
        let reply = try await StoreError.wrapping { () async throws(RedisError) in
            // If the reply is lost, a second token may be taken: at worst, the bucket is full a little later.
            try await script.call(on: redis, buckets, keys: { _ in })
        }
        guard let outcome = buckets.outcome(of: reply, tellsQuota: true), let quota = outcome.quota else {
            throw .failed(.unexpectedReply("\(reply)"))
        }
        switch (outcome.verdict, outcome.refusal) {
        case (1, nil): return .admitted(quota)
        case (0, let refusal?): return .limited(retryAfter: refusal.retryAfter, quota)
        default: throw .failed(.unexpectedReply("\(reply)"))
        }
    }
}
