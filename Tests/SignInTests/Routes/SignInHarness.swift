import Cryptography
import Foundation
import Logging
import MailQueue
import NIOCore
import NIOPosix
import Net
import Platform
import Redis
import SignIn
import Telemetry
import TestSupport
import Web

/// A logger that discards its lines.
let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A sign-in service with its Redis. Without a server, requests that need Redis are answered with 503.
final class SignInHarness: Sendable {
    let service: HTTPService
    let redis: RedisClient
    let readiness = Readiness()
    let registry = MetricsRegistry()
    let log = LogLines()

    static let allowedOrigins = [
        "https://portal.example", "https://body.example", "https://header.example", "https://origin.example",
        "https://referer.example", "https://default.example",
    ]
    static let noLimits = SignInLimits(client: nil, recipient: nil, deployment: nil)
    /// The only key of the deployment: the bytes 0 to 31.
    static let keys = [KeyRing.Entry(id: "k1", key: Secret(copying: (0..<32).map(UInt8.init)))]

    /// - Parameters:
    ///   - given: where Redis is reached; by default, the server itself.
    ///   - fallback: the origin that links lead to if a request has none.
    init(
        _ server: RedisServer? = nil, at given: RedisURL? = nil, limits: SignInLimits = noLimits,
        fallback: String? = nil, basePath: String = "", proxies: [String] = [], maximumQueueLength: Int = 1000,
        random: RandomBytes = .system, publicURL: PublicURL? = nil, issuer: AssertionIssuer? = nil,
        addedLanguages: [Language] = [], requiresChallenge: Bool = false
    ) async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        // Nothing listens at port 1.
        let url = try given ?? server?.url ?? RedisURL(parsing: "redis://127.0.0.1:1")
        let configuration = RedisConfiguration(
            url: url, timeout: .seconds(10), scripts: SignInStore.scripts)
        redis = try await loop.submit {
            try RedisClient(configuration: configuration, eventLoop: loop, logger: quiet)
        }.get()
        redis.start()
        let origins = OriginPolicy(
            allowed: try SignInHarness.allowedOrigins.map { try OriginPattern(parsing: $0) },
            fallback: try fallback.map { try Origin(parsing: $0) })
        var policy = SignInPolicy(
            origins: origins, callbackPath: try PortalPath(parsing: "/auth/callback"), publicURL: publicURL,
            limits: limits, addedLanguages: addedLanguages)
        policy.maximumQueueLength = maximumQueueLength
        policy.isChallengeRequired = requiresChallenge
        service = try signInService(
            policy: policy, redis: redis, keys: SignInHarness.keys, readiness: readiness, random: random,
            basePath: basePath, proxies: TrustedProxies(proxies.compactMap { AddressBlock(parsing: $0) }),
            issuer: issuer, registry: registry, logger: log.logger)
    }

    deinit { redis.close() }

    func respond(to request: Request) async -> Response {
        await service.respond(to: request)
    }

    /// The number of keys in Redis.
    func keyCount() async throws -> Int {
        guard case .integer(let count) = try await redis.send(RedisCommand("DBSIZE")) else { throw NotAsExpected() }
        return count
    }

    /// The keys that start with some text.
    func keys(startingWith text: String) async throws -> [String] {
        guard case .array(let keys) = try await redis.send(RedisCommand("KEYS", text + "*")) else {
            throw NotAsExpected()
        }
        return keys.compactMap { key in
            if case .bulk(let bytes) = key { String(decoding: bytes, as: UTF8.self) } else { nil }
        }
    }

    /// The emails in the queue, opened as a worker opens them.
    func mails() async throws -> [Mail] { try await jobs().map(Mail.init) }
}

/// A service with the routes of sign-in.
func signInService(
    policy: SignInPolicy, redis: RedisClient, keys: [KeyRing.Entry], readiness: Readiness,
    random: RandomBytes = .system, basePath: String = "", proxies: TrustedProxies = TrustedProxies([]),
    issuer: AssertionIssuer? = nil, registry: MetricsRegistry = MetricsRegistry(), logger: Logger = quiet
) throws -> HTTPService {
    let store = try SignInStore(
        redis: redis, policy: policy, keyPrefix: "postern:", secretKeys: keys, random: .system)
    let dependencies = SignInDependencies(
        policy: policy, issuer: issuer, store: store, random: random,
        metrics: SignInMetrics(registry, limits: policy.limits))
    return HTTPService(
        signInRoutes(dependencies), words: [signInWords],
        settings: WebSettings(basePath: basePath, trustedProxies: proxies),
        origins: policy.origins, health: Health(redis: redis, readiness: readiness), metrics: HTTPMetrics(registry),
        logger: logger, now: UnixTime.now)
}

/// The members of a mail job that the tests read.
struct Mail: Sendable {
    let to: String
    let link: String
    let language: String

    init(_ job: MailJob) {
        to = job.recipient.text
        link = job.link
        language = job.language.tag
    }
}

/// A reply or a value that a test does not expect.
struct NotAsExpected: Error {
    var reply: RESPValue?
}

extension Request {
    /// A sign-in request, as the portal's page sends it.
    static func signIn(
        _ body: String = #"{"email":"ada@example.com"}"#, origin: String? = "https://portal.example",
        contentType: String? = "application/json", more: [(String, String)] = [], peer: String = "192.0.2.1"
    ) -> Request {
        var fields = RequestFields()
        if let origin { fields.append("Origin", origin) }
        if let contentType { fields.append("Content-Type", contentType) }
        for (name, value) in more { fields.append(name, value) }
        return Request(
            method: .post, path: "/auth/send-magic-link", fields: fields, body: Array(body.utf8),
            peer: IPAddress(parsing: peer))
    }

    static func get(_ path: String, fields: RequestFields = [:]) -> Request {
        Request(method: .get, path: path, fields: fields)
    }
}

extension Response {
    /// The body as text.
    var text: String { String(decoding: body, as: UTF8.self) }

    /// A member of the body, which is a JSON object.
    func member(_ name: String) -> Any? {
        let object = try? JSONSerialization.jsonObject(with: Data(body))
        return (object as? [String: Any])?[name]
    }

    /// The error code.
    var code: String? { member("code") as? String }
}
