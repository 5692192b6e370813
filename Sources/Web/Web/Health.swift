import Redis

/// The health of a process, for the platform that runs it: it lives, and it can serve requests.
package struct Health: Sendable {
    private let redis: RedisClient
    private let readiness: Readiness
    private let keyPrefix: String

    /// - Parameter keyPrefix: the deployment's key prefix.
    package init(redis: RedisClient, readiness: Readiness, keyPrefix: String = "postern:") {
        self.redis = redis
        self.readiness = readiness
        self.keyPrefix = keyPrefix
    }

    /// Whether requests can be served: Redis takes their writes, and no drain has begun.
    func isReady() async -> Bool {
        guard !readiness.isDraining else { return false }
        let reply = try? await Health.script.call(on: redis) { names in
            names.append(.stream, keyPrefix + "mail")
            names.append(.probe, keyPrefix + "ready")
        }
        return reply == .integer(1)
    }

    private enum ProbeKey: String, ScriptName {
        case stream
        case probe = "probe_key"
    }

    /// A script that fails if those of requests would: because Redis is full, read-only, another node of a cluster or
    /// without its replicas, because its user may not write, or because the stream is another kind of value. It writes
    /// nothing: no key has the name that it sets only if it exists.
    private static let script = Script<ProbeKey, NoNames>(
        Array(
            """
            local stream, probe_key = unpack(KEYS)
            redis.call('XLEN', stream)
            redis.call('SET', probe_key, '', 'XX')
            return redis.acl_check_cmd('XADD', stream, '*', 'v', '') and 1 or 0
            """.utf8))

    /// The script, to be loaded by new connections.
    package static var scriptSource: ScriptSource { script.source }

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
