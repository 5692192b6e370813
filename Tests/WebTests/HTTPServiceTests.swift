import Logging
import NIOCore
import NIOPosix
import Net
import Platform
import Redis
import Telemetry
import Testing

@testable import Web

/// Accepts one Authorization field, with one scope.
private struct OneKey: Authenticator {
    func caller(sending context: RequestContext, needing scope: Scope) async throws(HTTPError) -> Authentication {
        guard let authorization = context.request.fields.authorization else { throw .apiKeyRequired }
        guard authorization == "Bearer pk_one" else { throw .invalidAPIKey }
        guard scope == "links:write" else { throw .insufficientScope(scope) }
        return Authentication(
            Caller(id: "1", name: "portal"),
            fields: [.rateLimitPolicy: #""key";q=1;w=1"#, .rateLimit: #""key";r=0;t=1"#])
    }
}

/// The guard for API keys. Other features' tests cover the other guards.
@Suite
struct HTTPServiceTests {
    private static let origin = "https://portal.example.com"

    private static let routes = [
        Route(.get, "/open", .open) { context in
            Response(status: .ok, body: Array((context.caller?.name ?? "nobody").utf8))
        },
        Route(.post, "/links", .apiKey("links:write")) { context in
            Response(
                status: .ok, fields: [.rateLimit: #""ip";r=9;t=60"#],
                body: Array((context.caller?.name ?? "nobody").utf8))
        },
        Route(.post, "/fails", .apiKey("links:write")) { (_) throws(HTTPError) in throw .notJSON },
        Route(.get, "/other", .apiKey("mail:read")) { _ in .ok },
    ]

    private static func service(_ authenticator: (any Authenticator)?) async throws -> HTTPService {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        // It is never started: no route of these tests uses Redis.
        let redis = try await loop.submit {
            try RedisClient(
                configuration: RedisConfiguration(
                    url: try RedisURL(parsing: "redis://127.0.0.1:1"), timeout: .seconds(1)),
                eventLoop: loop, logger: logger)
        }.get()
        return HTTPService(
            routes, settings: WebSettings(),
            origins: OriginPolicy(allowed: [try OriginPattern(parsing: origin)]),
            health: Health(redis: redis, readiness: Readiness()), metrics: HTTPMetrics(MetricsRegistry()),
            logger: logger, now: UnixTime.now, authenticator: authenticator)
    }

    private func respond(
        _ method: Web.Method, _ path: String, _ authorization: String? = nil, origin: String? = nil
    ) async throws -> Response {
        var fields = RequestFields()
        if let authorization { fields.append("Authorization", authorization) }
        if let origin { fields.append("Origin", origin) }
        return try await HTTPServiceTests.service(OneKey()).respond(
            to: Request(method: method, path: path, fields: fields))
    }

    @Test("a route gets the caller that the authenticator found, and its answer also has the caller's quota")
    func caller() async throws {
        let response = try await respond(.post, "/links", "Bearer pk_one")
        #expect(response.status == .ok)
        #expect(response.body == Array("portal".utf8))
        #expect(response.fields[.rateLimitPolicy] == #""key";q=1;w=1"#)
        #expect(response.fields[.rateLimit] == #""key";r=0;t=1, "ip";r=9;t=60"#)
        #expect(response.fields.lines.filter { $0.name == .rateLimit }.count == 1)
        #expect(try await respond(.get, "/open", "Bearer pk_one").body == Array("nobody".utf8))
    }

    @Test("an error of the route has the caller's quota, too")
    func failure() async throws {
        let response = try await respond(.post, "/fails", "Bearer pk_one")
        #expect(response.status == .unsupportedMediaType)
        #expect(response.fields[.rateLimit] == #""key";r=0;t=1"#)
    }

    @Test("a refusal says by WWW-Authenticate what was wrong, as RFC 6750 §3 requires")
    func refusals() async throws {
        let missing = try await respond(.post, "/links")
        #expect(missing.status == .unauthorized)
        #expect(missing.fields[.authenticate] == #"Bearer realm="postern""#)
        let invalid = try await respond(.post, "/links", "Bearer pk_two")
        #expect(invalid.status == .unauthorized)
        #expect(invalid.fields[.authenticate] == #"Bearer realm="postern", error="invalid_token""#)
        let forbidden = try await respond(.get, "/other", "Bearer pk_one")
        #expect(forbidden.status == .forbidden)
        #expect(
            forbidden.fields[.authenticate]
                == #"Bearer realm="postern", error="insufficient_scope", scope="mail:read""#)
        #expect(String(decoding: forbidden.body, as: UTF8.self).contains("the scope mail:read"))
        for response in [missing, invalid, forbidden] { #expect(response.fields[.cacheControl] == "no-store") }
    }

    @Test("a path for servers allows no origin, and a preflight gives no permission", arguments: ["/links", "/other"])
    func crossOrigin(path: String) async throws {
        for (method, authorization) in [
            (Web.Method.options, nil), (.post, "Bearer pk_one"), (.get, "Bearer pk_one"), (.post, "Bearer pk_two"),
            (.get, nil), (.other("PUT"), nil),
        ] {
            let response = try await respond(method, path, authorization, origin: HTTPServiceTests.origin)
            let allowing = response.fields.lines.filter { $0.name.rawValue.hasPrefix("Access-Control-") }
            #expect(allowing == [], "\(method)")
        }
        let preflight = try await respond(.options, path, origin: HTTPServiceTests.origin)
        #expect(preflight.status == .noContent)
        #expect(preflight.fields[.allow] != nil)
        let open = try await respond(.get, "/open", origin: HTTPServiceTests.origin)
        #expect(open.fields[.accessControlAllowOrigin] == HTTPServiceTests.origin)
    }

    @Test("routes that require an API key cannot be served without an authenticator")
    func noAuthenticator() async {
        await #expect(processExitsWith: .failure) { _ = try await HTTPServiceTests.service(nil) }
        await #expect(processExitsWith: .success) { _ = try await HTTPServiceTests.service(OneKey()) }
    }
}
