import Redis
import SignIn
import TestSupport
import Testing
import Web

/// A request without its `Origin`, and the status of its response if there is no Redis.
struct CrossOriginCase: Sendable, CustomTestStringConvertible {
    let status: Int
    let request: Request

    var testDescription: String { "\(status): \(request.method.name) \(request.path)" }

    /// The expected `Vary`: errors are translated.
    var vary: String { status < 400 ? "Origin" : "Origin, Accept-Language" }

    func with(origin: String?) -> Request {
        var copy = request
        if let origin { copy.fields.append("Origin", origin) }
        return copy
    }
}

@Suite
struct CrossOriginTests {
    private static let exposed = "Retry-After, RateLimit, RateLimit-Policy, X-Request-Id"

    /// A valid body. It has a `callback_origin`, so that requests without `Origin` are not refused.
    private static let valid = #"{"email":"ada@example.com","callback_origin":"https://body.example"}"#

    private static let cases = [
        CrossOriginCase(status: 200, request: .get("/healthz")),
        CrossOriginCase(status: 200, request: .get("/.well-known/jwks.json")),
        CrossOriginCase(status: 204, request: Request(method: .options, path: "/auth/send-magic-link")),
        CrossOriginCase(status: 400, request: .signIn("{", origin: nil)),
        CrossOriginCase(status: 400, request: .signIn("{}", origin: nil)),
        CrossOriginCase(
            status: 400,
            request: .signIn(#"{"email":"a@b.co","callback_origin":"https://evil.example"}"#, origin: nil)),
        CrossOriginCase(status: 404, request: .get("/nothing")),
        CrossOriginCase(status: 405, request: .get("/auth/send-magic-link")),
        CrossOriginCase(status: 415, request: .signIn(valid, origin: nil, contentType: "text/plain")),
        CrossOriginCase(status: 503, request: .signIn(valid, origin: nil)),
        CrossOriginCase(status: 503, request: .get("/readyz")),
    ]

    @Test(
        "pages of an allowed origin may read every response, including errors",
        arguments: CrossOriginTests.cases, ["https://portal.example", "https://body.example"])
    func allowed(_ testCase: CrossOriginCase, origin: String) async throws {
        let harness = try await SignInHarness()
        let response = await harness.respond(to: testCase.with(origin: origin))
        #expect(response.status.rawValue == testCase.status)
        #expect(response.fields[.accessControlAllowOrigin] == origin)
        #expect(response.fields[.accessControlExposeHeaders] == CrossOriginTests.exposed)
        #expect(response.fields[.vary] == testCase.vary)
    }

    @Test(
        "pages of another origin may read no response",
        arguments: CrossOriginTests.cases,
        [
            nil, "", "null", "*", "https://evil.example", "http://portal.example", "https://portal.example:444",
            "https://portal.example.evil.example", "https://portal.example, https://portal.example",
        ] as [String?])
    func foreign(_ testCase: CrossOriginCase, origin: String?) async throws {
        let harness = try await SignInHarness()
        let response = await harness.respond(to: testCase.with(origin: origin))
        #expect(response.fields[.accessControlAllowOrigin] == nil)
        #expect(response.fields[.accessControlExposeHeaders] == nil)
        #expect(response.fields[.vary] == testCase.vary)
    }

    @Test("pages of an allowed origin may read the responses to admitted and to limited requests")
    func servedAndLimited() async throws {
        let server = try await RedisServer()
        let limits = SignInLimits(
            client: try RateLimit(parsing: "1/1d"), recipient: nil, deployment: nil)
        let harness = try await SignInHarness(server, limits: limits)
        for status in [200, 429] {
            let response = await harness.respond(to: .signIn())
            #expect(response.status.rawValue == status)
            #expect(response.fields[.accessControlAllowOrigin] == "https://portal.example")
            #expect(response.fields[.accessControlExposeHeaders] == CrossOriginTests.exposed)
            #expect(response.fields[.vary] == (status == 200 ? "Origin" : "Origin, Accept-Language"))
        }
    }

    @Test("pages of an allowed origin may read the refusals of a runtime")
    func refusedByRuntime() async throws {
        let harness = try await SignInHarness()
        for refusal in [HTTPError.badRequest, .payloadTooLarge, .requestTimeout, .headerFieldsTooLarge] {
            let known = harness.service.response(to: refusal, fields: ["Origin": "https://portal.example"])
            #expect(known.fields[.accessControlAllowOrigin] == "https://portal.example")
            #expect(known.fields[.accessControlExposeHeaders] == CrossOriginTests.exposed)
            #expect(known.fields[.vary] == "Origin, Accept-Language")
            let unknown = harness.service.response(to: refusal)
            #expect(unknown.fields[.accessControlAllowOrigin] == nil)
            #expect(unknown.fields[.vary] == "Origin, Accept-Language")
        }
    }

    @Test("credentials are never allowed, and origins never by an asterisk")
    func noCredentials() async throws {
        let harness = try await SignInHarness()
        for testCase in CrossOriginTests.cases {
            let response = await harness.respond(to: testCase.with(origin: "https://portal.example"))
            let names = response.fields.lines.map { $0.name.rawValue.lowercased() }
            #expect(!names.contains("access-control-allow-credentials"))
            #expect(!response.fields.lines.contains { $0.value == "*" })
        }
    }

    @Test("a preflight is answered with 204, the allowed methods and fields, and the time to cache them")
    func preflight() async throws {
        let harness = try await SignInHarness()
        let response = await harness.respond(
            to: Request(
                method: .options, path: "/auth/send-magic-link",
                fields: [
                    "Origin": "https://portal.example", "Access-Control-Request-Method": "POST",
                    "Access-Control-Request-Headers": "content-type",
                ]))
        #expect(response.status == .noContent)
        #expect(response.body.isEmpty)
        #expect(response.fields[.contentType] == nil)
        #expect(response.fields[.accessControlAllowOrigin] == "https://portal.example")
        #expect(elements(response.fields[.accessControlAllowMethods]).contains("post"))
        let fields = elements(response.fields[.accessControlAllowHeaders])
        #expect(fields.isSuperset(of: ["content-type", "x-apphandoff-callback-origin", "x-request-id"]))
        let lifetime = try #require(response.fields[.accessControlMaxAge])
        let seconds = try #require(Int(lifetime))
        #expect(seconds > 0)
        #expect(response.fields[.allow] == "POST, OPTIONS")
    }

    @Test("a preflight is not limited, stores nothing in Redis and reports no limit")
    func preflightNotLimited() async throws {
        let server = try await RedisServer()
        let limit = try RateLimit(parsing: "1/1d")
        let harness = try await SignInHarness(
            server, limits: SignInLimits(client: limit, recipient: limit, deployment: limit))
        let preflight = Request(
            method: .options, path: "/auth/send-magic-link", fields: ["Origin": "https://portal.example"])
        for _ in 0..<5 { #expect(await harness.respond(to: preflight).status == .noContent) }
        #expect(try await harness.keyCount() == 0)
        #expect(await harness.respond(to: .signIn()).status == .ok)
        #expect(await harness.respond(to: .signIn()).status == .tooManyRequests)
        let keyCount = try await harness.keyCount()
        let response = await harness.respond(to: preflight)
        #expect(response.status == .noContent)
        #expect(response.fields[.rateLimit] == nil)
        #expect(response.fields[.rateLimitPolicy] == nil)
        #expect(try await harness.keyCount() == keyCount)
    }

    /// The elements of a comma-separated list, in lower case.
    private func elements(_ list: String?) -> Set<String> {
        Set((list ?? "").lowercased().split(separator: ",").map { String($0.drop { $0 == " " }) })
    }
}
