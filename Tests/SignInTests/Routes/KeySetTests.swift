import Cryptography
import Platform
import SignIn
import TestSupport
import Testing
import Web

@Suite
struct KeySetTests {
    private static let path = "/.well-known/jwks.json"

    /// The key of RFC 8037, appendix A.1.
    private static let example: [UInt8] = [
        0x9D, 0x61, 0xB1, 0x9D, 0xEF, 0xFD, 0x5A, 0x60, 0xBA, 0x84, 0x4A, 0xF4, 0x92, 0xEC, 0x2C, 0xC4, 0x44, 0x49,
        0xC5, 0x69, 0x7B, 0x32, 0x69, 0x19, 0x70, 0x3B, 0xAC, 0x03, 0x1C, 0xAE, 0x7F, 0x60,
    ]

    private func issuer(_ keys: [(String, [UInt8])]) throws -> AssertionIssuer {
        let entries = keys.map { KeyRing.Entry(id: $0.0, key: Secret(copying: $0.1)) }
        return AssertionIssuer(name: "https://auth.example", keys: entries)
    }

    /// A key as it is published.
    private func published(_ id: String, _ x: String) -> String {
        #"{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"\#(id)","x":"\#(x)"}"#
    }

    @Test("without signing keys the key set is empty, and it is served without Redis", arguments: ["GET", "HEAD"])
    func none(method: String) async throws {
        let harness = try await SignInHarness()
        let response = await harness.respond(to: RouteCase(method, KeySetTests.path).request)
        #expect(response.status == .ok)
        #expect(response.fields[.contentType] == "application/json")
        #expect(response.text == #"{"keys":[]}"#)
    }

    @Test("the public parts of all keys are published in their order, the one that signs first")
    func inOrder() async throws {
        let issuer = try issuer([
            ("2026-b", KeySetTests.example), ("OLD_1", [UInt8](0..<32)), ("k", [UInt8](32..<64)),
        ])
        let harness = try await SignInHarness(issuer: issuer)
        let response = await harness.respond(to: .get(KeySetTests.path))
        // The first is that of RFC 8037, appendix A.2; the others come from another implementation.
        let keys = [
            published("2026-b", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"),
            published("OLD_1", "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"),
            published("k", "Kay64UG8yvCyLhqU000LxzYeUm0L_hLIl5S8kyKWbdc"),
        ]
        #expect(response.status == .ok)
        #expect(response.text == #"{"keys":[\#(keys.joined(separator: ","))]}"#)
        // `d` of RFC 8037, appendix A.1, and the start of the bytes 0 to 31.
        for secret in ["nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", "AAECAwQFBgcICQoL", #""d""#] {
            #expect(!response.text.contains(secret))
        }
    }

    @Test("HEAD is answered like GET, and pages of an allowed origin may read the response")
    func head() async throws {
        let harness = try await SignInHarness(issuer: issuer([("s1", KeySetTests.example)]))
        let fields: RequestFields = ["X-Request-Id": "one", "Origin": "https://portal.example"]
        let get = await harness.respond(to: .get(KeySetTests.path, fields: fields))
        let head = await harness.respond(to: Request(method: .head, path: KeySetTests.path, fields: fields))
        #expect(get.status == .ok)
        #expect(head.status == get.status)
        #expect(head.fields == get.fields)
        #expect(head.body == get.body)
        #expect(get.fields[.accessControlAllowOrigin] == "https://portal.example")
        #expect(get.fields[.cacheControl] == "public, max-age=300")
        #expect(get.fields[.contentTypeOptions] == "nosniff")
    }

    @Test(
        "methods other than GET, HEAD and OPTIONS are refused",
        arguments: ["POST", "PUT", "PATCH", "DELETE", "get", ""])
    func methodNotAllowed(method: String) async throws {
        let harness = try await SignInHarness(issuer: issuer([("s1", KeySetTests.example)]))
        let response = await harness.respond(to: RouteCase(method, KeySetTests.path).request)
        #expect(response.status == .methodNotAllowed)
        #expect(response.fields[.allow] == "GET, HEAD, OPTIONS")
        #expect(
            response.text == #"{"error":"This path supports only GET, HEAD, OPTIONS","code":"method_not_allowed"}"#)
    }

    @Test("a preflight is answered with the allowed methods")
    func preflight() async throws {
        let harness = try await SignInHarness()
        let response = await harness.respond(
            to: Request(method: .options, path: KeySetTests.path, fields: ["Origin": "https://portal.example"]))
        #expect(response.status == .noContent)
        #expect(response.body.isEmpty)
        #expect(response.fields[.allow] == "GET, HEAD, OPTIONS")
        #expect(response.fields[.accessControlAllowMethods] == "GET, HEAD, OPTIONS")
        #expect(response.fields[.accessControlAllowOrigin] == "https://portal.example")
    }

    @Test("the key set is below the base path, and its path has one spelling")
    func basePath() async throws {
        let harness = try await SignInHarness(basePath: "/api", issuer: issuer([("s1", KeySetTests.example)]))
        #expect(await harness.respond(to: .get("/api/.well-known/jwks.json")).status == .ok)
        for path in [
            "/.well-known/jwks.json", "/api/.well-known/jwks.json/", "/api/.well-known/jwks", "/api/jwks.json",
            "/api/.well-known/JWKS.json", "/api//.well-known/jwks.json", "/api/%2Ewell-known/jwks.json",
            "/api/.well-known/openid-configuration", "/api/.well-known/../.well-known/jwks.json",
        ] {
            #expect(await harness.respond(to: .get(path)).status == .notFound, "\(path)")
        }
    }

    @Test("the key that signs is published under the id in the assertion's header")
    func signing() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, issuer: .sample())
        let token = try await harness.requestLink().token
        let read = try ReadAssertion(await harness.respond(to: .verify(token)))
        let id = try #require(read.header["kid"] as? String)
        #expect(id == "s1")
        #expect(try read.isSigned(by: AssertionIssuer.sampleKey))
        let keys = await harness.respond(to: .get(KeySetTests.path)).text
        #expect(keys.hasPrefix(#"{"keys":["# + published(id, "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg") + ",{"))
    }

    @Test("an assertion has the claims of its sign-in")
    func claims() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, issuer: .sample())
        let token = try await harness.requestLink("Ada@Example.com", origin: "https://body.example").token
        let before = UnixTime.now().seconds
        let read = try ReadAssertion(await harness.respond(to: .verify(token, portal: "https://body.example")))
        let after = UnixTime.now().seconds

        #expect(Set(read.header.keys) == ["alg", "typ", "kid"])
        #expect(read.header["alg"] as? String == "EdDSA")
        #expect(read.header["typ"] as? String == "postern-assertion+jwt")
        #expect(Set(read.claims.keys) == ["iss", "aud", "sub", "iat", "exp", "jti", "auth_time"])
        #expect(read.claims["iss"] as? String == "https://auth.example")
        #expect(read.claims["aud"] as? String == "https://body.example")
        #expect(read.claims["sub"] as? String == "ada@example.com")
        #expect(read.claims["auth_time"] as? Int == read.claims["iat"] as? Int)
        let issuedAt = try #require(read.claims["iat"] as? Int)
        #expect(issuedAt >= before && issuedAt <= after)
        #expect(read.claims["exp"] as? Int == issuedAt + 60)
        // The first half of the digest of the token.
        let digest = Digest.sha256.hex(of: Array(token.utf8))
        #expect(read.claims["jti"] as? String == String(digest.prefix(32)))
        #expect(read.signature.count == 64)
    }
}
