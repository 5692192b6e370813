import Redis

/// The health of a process, for the platform that runs it: it lives, and it can serve requests.
package struct Health: Sendable {
    private let redis: RedisClient
    private let readiness: Readiness

    package init(redis: RedisClient, readiness: Readiness) {
        self.redis = redis
        self.readiness = readiness
    }

    /// Whether requests can be served: Redis answers, and no drain has begun.
    func isReady() async -> Bool {
        guard !readiness.isDraining else { return false }
        return await redis.isReachable()
    }

    /// The routes of every program. OpenFaaS calls the aliases.
    var routes: [Route] {
        [
            Route(.get, "/healthz", .open, alias: "/_/health") { _ in .ok },
            Route(.get, "/readyz", .open, alias: "/_/ready") { (_) async throws(HTTPError) in
                guard await isReady() else { throw .serviceUnavailable(retryAfter: .seconds(1)) }
                return .ok
            },
        ]
    }
}
