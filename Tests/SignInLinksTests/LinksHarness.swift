import Cryptography
import Foundation
import Logging
import MailQueue
import NIOCore
import NIOPosix
import Net
import Platform
import Redis
import Settings
import SignIn
import Telemetry
import TestSupport
import Web

@testable import SignInLinks

/// Lets every request pass, as sent by the caller that `Authorization` names.
struct NamedCallers: Authenticator {
    func caller(sending context: RequestContext, needing scope: Scope) async throws(HTTPError) -> Authentication {
        guard let name = context.request.fields.authorization else { throw .apiKeyRequired }
        return Authentication(Caller(id: name, name: name))
    }
}

/// A reply or a value that a test does not expect.
struct NotAsExpected: Error {}

/// The routes for trusted callers and the public ones, on one Redis.
final class LinksHarness: Sendable {
    let service: HTTPService
    let redis: RedisClient
    let store: SignInStore
    let answers: IdempotentAnswers
    let logs = LogLines()

    /// The deployment's only key is the bytes 0 to 31.
    static let keys = [KeyRing.Entry(id: "k1", key: Secret(copying: (0..<32).map(UInt8.init)))]

    /// - Parameters:
    ///   - server: `nil` for a Redis that is away.
    ///   - settings: further settings.
    ///   - maximumQueueLength: `nil` for the default.
    init(
        _ server: RedisServer?, _ settings: [String: String] = [:], maximumQueueLength: Int? = nil
    ) async throws {
        let logger = logs.logger
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        // Nothing listens at port 1.
        let url = if let server { server.url } else { try RedisURL(parsing: "redis://127.0.0.1:1") }
        redis = try await loop.submit {
            try RedisClient(
                configuration: RedisConfiguration(url: url, timeout: .seconds(10)), eventLoop: loop, logger: logger)
        }.get()
        redis.start()
        let environment = Environment(
            [
                "REDIS_URL": "redis://127.0.0.1:1", "POSTERN_ALLOWED_ORIGINS": "https://portal.example",
                "POSTERN_SECRET_KEYS": "k1:\(Data(0..<32).base64EncodedString())",
                "POSTERN_SIGNING_KEYS": "s1:\(Data(1...32).base64EncodedString())",
                "POSTERN_LANDING_URL": "https://sign-in.example",
            ].merging(settings) { _, given in given })
        let registry = MetricsRegistry()
        let setup = FeatureSetup(
            environment: environment, shared: try SharedSettings(environment), redis: try RedisSettings(environment),
            metrics: registry)
        let signIn = try SignInSettings(environment)
        answers = IdempotentAnswers(keyPrefix: "postern:", secretKeys: LinksHarness.keys)
        store = try SignInStore(
            redis: redis, policy: signIn.policy, keyPrefix: "postern:", secretKeys: LinksHarness.keys,
            random: .system)
        let dependencies = SignInDependencies(
            policy: signIn.policy, issuer: signIn.issuer, store: store, random: .system,
            metrics: SignInMetrics(registry, limits: signIn.policy.limits))
        var feature = try SignInLinks(setup)
        if let maximumQueueLength { feature.policy.maximumQueueLength = maximumQueueLength }
        service = HTTPService(
            try feature.routes(on: redis) + signInRoutes(dependencies), settings: WebSettings(),
            origins: signIn.policy.origins, health: Health(redis: redis, readiness: Readiness()),
            metrics: HTTPMetrics(registry), logger: logger, now: UnixTime.now, authenticator: NamedCallers())
    }

    deinit { redis.close() }

    /// Requests a link.
    /// - Parameters:
    ///   - members: the members of the body after the address and the portal, with a comma before each.
    ///   - key: the header `Idempotency-Key`.
    func issue(
        _ members: String = "", caller: String? = "one", key: String? = nil, acceptLanguage: String? = nil
    ) async -> Answer {
        let body = #"{"email":"Ada@example.com","callback_origin":"https://portal.example"\#(members)}"#
        return await post("/v1/sign-in-links", body, caller: caller, key: key, acceptLanguage: acceptLanguage)
    }

    /// Posts JSON.
    func post(
        _ path: String, _ body: String, caller: String? = nil, key: String? = nil, acceptLanguage: String? = nil
    ) async -> Answer {
        var fields: RequestFields = ["Content-Type": "application/json"]
        if let caller { fields.append("Authorization", caller) }
        if let key { fields.append("Idempotency-Key", key) }
        if let acceptLanguage { fields.append("Accept-Language", acceptLanguage) }
        let request = Request(
            method: .post, path: path, fields: fields, body: Array(body.utf8), peer: IPAddress(parsing: "192.0.2.1"))
        return Answer(await service.respond(to: request))
    }

    /// Shows the confirmation page, or presses its button.
    func page(of token: String, pressing body: String? = nil) async -> Answer {
        var request = Request(
            method: body == nil ? .get : .post, path: "/auth/open", query: "token=\(token)",
            peer: IPAddress(parsing: "192.0.2.1"))
        if let body {
            request.fields.append("Content-Type", "application/x-www-form-urlencoded")
            request.body = Array(body.utf8)
        }
        return Answer(await service.respond(to: request))
    }

    /// Lets time pass for all links.
    func pass(_ time: Duration) async throws {
        let body = """
            for _, key in ipairs(redis.call('KEYS', '*:links:*')) do
              local links, ms = links_at(key), tonumber(ARGV[1])
              for _, link in ipairs(links) do
                link.issued, link.ends, link.kept_until = link.issued - ms, link.ends - ms, link.kept_until - ms
                if link.code then link.code.ends = link.code.ends - ms end
              end
              write(key, false, links)
            end
            """
        let script = String(decoding: SignInStore.linkFunctions, as: UTF8.self) + body
        _ = try await redis.send(RedisCommand("EVAL", script, "0", "\(time.milliseconds)"))
    }

    /// The keys in Redis that match a pattern.
    func names(_ pattern: String) async throws -> [String] {
        guard case .array(let keys) = try await redis.send(RedisCommand("KEYS", pattern)) else { throw NotAsExpected() }
        return keys.compactMap { if case .bulk(let key) = $0 { String(decoding: key, as: UTF8.self) } else { nil } }
    }

    /// The reply to a command that is an integer.
    func integer(_ command: RedisCommand) async throws -> Int {
        guard case .integer(let number) = try await redis.send(command) else { throw NotAsExpected() }
        return number
    }

    /// All keys and values in Redis, not compressed.
    func contents() async throws -> [UInt8] {
        _ = try await redis.send(RedisCommand("CONFIG", "SET", "rdbcompression", "no"))
        guard case .array(let keys) = try await redis.send(RedisCommand("KEYS", "*")) else { throw NotAsExpected() }
        var contents: [UInt8] = []
        for case .bulk(let key) in keys {
            let reply = try await redis.send(RedisCommand("DUMP", String(decoding: key, as: UTF8.self)))
            guard case .bulk(let value) = reply else { throw NotAsExpected() }
            contents += key + value
        }
        return contents
    }

    /// The jobs in the queue, opened as a worker opens them, the oldest first.
    func jobs() async throws -> [MailJob] {
        guard case .array(let entries) = try await redis.send(RedisCommand("XRANGE", "postern:mail", "-", "+")) else {
            throw NotAsExpected()
        }
        let keys = MailJobKeys(LinksHarness.keys)
        return try entries.map { entry in
            guard case .array(let parts) = entry, case .array(let fields)? = parts.last, fields.count == 8,
                case .bulk(let id) = fields[3], case .bulk(let box) = fields[7]
            else { throw NotAsExpected() }
            let sealed = SealedMailJob(id: String(decoding: id, as: UTF8.self), keyID: "k1", box: box)
            return try MailJob(opening: sealed, with: keys)
        }
    }
}

/// A response, read with another JSON decoder than the program's.
struct Answer {
    let response: Response
    private let members: [String: Any]

    init(_ response: Response) {
        self.response = response
        members = (try? JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any]) ?? [:]
    }

    var status: Int { response.status.rawValue }

    var text: String { String(decoding: response.body, as: UTF8.self) }

    subscript(name: String) -> String? { members[name] as? String }

    /// The members' names.
    var names: Set<String> { Set(members.keys) }

    /// The token in the link.
    var token: String { token(in: self["link"] ?? "") }

    /// The token in the redirect to the portal.
    var redirectedToken: String { token(in: response.fields[.location] ?? "") }

    /// The claims of the assertion.
    func assertion() throws -> [String: Any] {
        let parts = (self["assertion"] ?? "").split(separator: ".")
        guard parts.count == 3 else { throw NotAsExpected() }
        let text = parts[1].replacing("-", with: "+").replacing("_", with: "/")
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        let data = Data(base64Encoded: text + padding) ?? Data()
        return (try JSONSerialization.jsonObject(with: data) as? [String: Any]) ?? [:]
    }

    private func token(in url: String) -> String {
        guard let range = url.firstRange(of: "token=") else { return "" }
        return String(url[range.upperBound...].prefix(43))
    }
}
