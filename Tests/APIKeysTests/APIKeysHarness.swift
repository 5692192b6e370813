import Cryptography
import Logging
import NIOCore
import NIOPosix
import Net
import Platform
import Redis
import Telemetry
import TestSupport
import Testing
import Web

@testable import APIKeys

/// A program that accepts API keys, with its Redis. Without a server, nothing listens where Redis should be.
final class APIKeysHarness: Sendable {
    let service: HTTPService
    let store: APIKeyStore
    let redis: RedisClient
    let registry = MetricsRegistry()
    /// The program's clock.
    let now: Mutexed<UnixTime>
    private let lines: Mutexed<[UInt8]>

    /// The bytes 0 to 31.
    static let firstKey = KeyRing.Entry(id: "k1", key: Secret(copying: (0..<32).map(UInt8.init)))
    /// The bytes 32 to 63.
    static let secondKey = KeyRing.Entry(id: "k2", key: Secret(copying: (32..<64).map(UInt8.init)))
    static let noLimits = APIKeyLimits(key: nil, authentication: nil)

    init(
        _ server: RedisServer?, limits: APIKeyLimits = noLimits, configured: String = "",
        keys: [KeyRing.Entry] = [firstKey], keyPrefix: String = "postern:",
        scripts: [ScriptSource] = APIKeyStore.scripts, maximumAuditLength: Int = 100_000
    ) async throws {
        let lines = Mutexed<[UInt8]>([])
        self.lines = lines
        let now = Mutexed(UnixTime.now())
        self.now = now
        let logger = Logger(label: "test") { _ in
            JSONLogHandler(level: .trace) { line in lines.update { $0 += line } }
        }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        // Nothing listens at port 1.
        let url = if let server { server.url } else { try RedisURL(parsing: "redis://127.0.0.1:1") }
        let redis = try await loop.submit {
            try RedisClient(
                configuration: RedisConfiguration(url: url, timeout: .seconds(10), scripts: scripts), eventLoop: loop,
                logger: logger)
        }.get()
        redis.start()
        self.redis = redis
        store = APIKeyStore(
            redis: redis, keyPrefix: keyPrefix, secretKeys: keys, random: .system,
            maximumAuditLength: maximumAuditLength)
        var settings = try APIKeySettings(Environment(["POSTERN_API_KEYS": configured]))
        settings = APIKeySettings(configured: settings.configured, limits: limits)
        let authenticator = APIKeyAuthenticator(
            store: store, settings: settings, metrics: APIKeyMetrics(registry, limits: limits))
        service = HTTPService(
            APIKeysHarness.routes, settings: WebSettings(), origins: OriginPolicy(allowed: []),
            health: Health(redis: redis, readiness: Readiness()), metrics: HTTPMetrics(registry), logger: logger,
            now: { now.value }, authenticator: authenticator)
    }

    deinit { redis.close() }

    private static let routes = [
        Route(.post, "/links", .apiKey("links:write")) { context in
            Response(status: .ok, body: Array("\(context.caller?.id ?? "") \(context.caller?.name ?? "")".utf8))
        },
        Route(.post, "/mail", .apiKey("mail:read")) { _ in .ok },
    ]

    /// All log lines until now.
    var log: String { String(decoding: lines.value, as: UTF8.self) }

    /// The log lines of an event.
    func lines(of event: String) -> [Substring] {
        log.split(separator: "\n").filter { $0.contains(#""message":"\#(event)""#) }
    }

    /// Sends a request with an `Authorization` field.
    func send(_ authorization: String?, to path: String = "/links", from client: String = "192.0.2.1") async -> Response
    {
        var fields = RequestFields()
        if let authorization { fields.append("Authorization", authorization) }
        return await service.respond(
            to: Request(method: .post, path: path, fields: fields, peer: IPAddress(parsing: client)))
    }

    /// Sends a request with a key.
    func use(_ key: APIKey, for path: String = "/links", from client: String = "192.0.2.1") async -> Response {
        await send("Bearer \(key.text)", to: path, from: client)
    }

    /// Sends a request with a key that does not exist.
    func guess(from client: String = "192.0.2.1") async throws -> Response {
        try await use(APIKey(random: .system), from: client)
    }

    /// Makes a key.
    func newKey(
        _ name: String = "portal", scopes: [Scope] = ["links:write"], expires: UnixTime? = nil
    ) async throws -> APIKey {
        let key = try APIKey(random: .system)
        let grant = APIKeyGrant(name: name, scopes: scopes, expires: expires)
        #expect(try await store.add(key, grant, by: "ada", at: now.value))
        return key
    }

    /// A metric of refused requests.
    func refused(_ reason: APIKeyRefusal) -> Int {
        count("postern_api_keys_refused_total{reason=\"\(reason.rawValue)\"}")
    }

    /// The value of a counter.
    func count(_ series: String) -> Int {
        let line = registry.exposition.split(separator: "\n").first { $0.hasPrefix(series + " ") }
        return line?.split(separator: " ").last.flatMap { Int($0) } ?? -1
    }
}

extension APIKeyStore {
    /// The newest entries of the audit, the newest first.
    func audit(atMost count: Int) async throws -> [AuditLine] {
        let lines = Mutexed<[AuditLine]>([])
        try await readAudit(atMost: count) { line in lines.update { $0.append(line) } }
        return lines.value
    }
}

extension Response {
    /// The body as text.
    var text: String { String(decoding: body, as: UTF8.self) }
}

/// Limits in the form of the settings.
func limits(key: String? = nil, authentication: String? = nil) throws -> APIKeyLimits {
    APIKeyLimits(
        key: try key.map { try RateLimit(parsing: $0) },
        authentication: try authentication.map { try RateLimit(parsing: $0) })
}
