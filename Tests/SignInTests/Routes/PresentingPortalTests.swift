import Net
import TestSupport
import Testing
import Web

@testable import SignIn

/// The portal that presents a token or a code.
@Suite(.timeLimit(.minutes(2)))
struct PresentingPortalTests {
    @Test("a browser or a server of another portal is refused, and the token stays usable")
    func otherPortal() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let code = try await harness.requestCode()
        for request in [
            Request.verify(code.token, origin: "https://body.example"),
            .verify(code.token, portal: "https://body.example"),
            .verify(code.token, portal: "https://unknown.example"),
            .verify(code: code.code, of: code.handle, origin: "https://body.example"),
            .verify(code: code.code, of: code.handle, portal: "https://body.example"),
        ] {
            let response = await harness.respond(to: request)
            #expect(response.status == .badRequest)
            #expect(["token_invalid", "code_invalid"].contains(response.code))
        }
        let signedIn = await harness.respond(to: .verify(code.token, origin: "https://portal.example"))
        #expect(signedIn.status == .ok)
        #expect(signedIn.member("callback_origin") as? String == "https://portal.example")
    }

    @Test("where several portals are allowed, the request must name its own", arguments: [true, false])
    func required(isCode: Bool) async throws {
        let harness = try await SignInHarness()
        let request: Request = isCode ? .verify(code: "123456", of: "x", portal: nil) : .verify("x", portal: nil)
        let response = await harness.respond(to: request)
        #expect(response.status == .badRequest)
        #expect(response.code == "validation_error")
        let errors = response.member("fieldErrors") as? [String: String]
        #expect(errors?["callback_origin"] == "Required, since more than one portal is allowed")
    }

    static let wrongOrigins: [(String, String)] = [
        ("", "Must start with https:// or http://"), ("null", "Must start with https:// or http://"),
        ("portal.example", "Must start with https:// or http://"),
        ("https://portal.example/a", "Must be only a scheme, host and port, without a path, query or fragment"),
        ("https://a@portal.example", "Must not contain a user name or password"),
    ]

    @Test("a callback_origin that is not an origin is refused with the rule", arguments: wrongOrigins)
    func malformed(origin: String, rule: String) async throws {
        let harness = try await SignInHarness()
        let response = await harness.respond(to: .verify("x", portal: origin))
        #expect(response.code == "validation_error")
        #expect((response.member("fieldErrors") as? [String: String])?["callback_origin"]?.hasPrefix(rule) == true)
    }

    @Test("a callback_origin must be the browser's Origin, however it is spelled")
    func both() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let token = try await harness.requestLink().token
        func request(_ origin: String) -> Request {
            .json(
                "/auth/verify-magic-link", #"{"token":"\#(token)","callback_origin":"\#(origin)"}"#,
                origin: "https://portal.example")
        }
        let refused = await harness.respond(to: request("https://body.example"))
        #expect(refused.code == "validation_error")
        #expect(await harness.respond(to: request("HTTPS://Portal.Example:443/")).status == .ok)
    }

    @Test("a request without a challenge is refused if the deployment requires one")
    func challengeRequired() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, requiresChallenge: true)
        let response = await harness.respond(to: .signIn())
        #expect(response.code == "validation_error")
        #expect((response.member("fieldErrors") as? [String: String])?["code_challenge"]?.hasPrefix("Required") == true)
        #expect(try await harness.mails().isEmpty)
        _ = try await harness.requestLink("ada@example.com", SampleChallenge.member)
    }

    @Test("a nonce is in the assertion, and nowhere else; without one there is none", arguments: [nil, "n-0S6_WzA2Mj"])
    func nonce(text: String?) async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, issuer: .sample())
        let token = try await harness.requestLink("ada@example.com", text.map { #","nonce":"\#($0)""# } ?? "").token
        let response = await harness.respond(to: .verify(token))
        #expect(try ReadAssertion(response).claims["nonce"] as? String == text)
        #expect(response.member("nonce") == nil)
    }

    @Test(
        "a nonce has 1 to 256 visible ASCII characters", arguments: ["", " ", "é", String(repeating: "a", count: 257)])
    func wrongNonce(text: String) async throws {
        let harness = try await SignInHarness()
        let response = await harness.respond(to: .signIn(#"{"email":"ada@example.com","nonce":"\#(text)"}"#))
        #expect((response.member("fieldErrors") as? [String: String])?["nonce"] != nil)
    }
}
