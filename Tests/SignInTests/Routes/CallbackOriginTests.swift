import SignIn
import TestSupport
import Testing
import Web

/// The claims of a request about its origin; `nil` for a claim that is missing.
struct Claims: Sendable, CustomTestStringConvertible {
    var body: String?
    var header: String?
    var origin: String?
    var referer: String?
    var fallback: String?

    var request: Request {
        let callback = body.map { #","callback_origin":"\#($0)""# } ?? ""
        var more: [(String, String)] = []
        if let header { more.append(("X-AppHandoff-Callback-Origin", header)) }
        if let referer { more.append(("Referer", referer)) }
        return .signIn(#"{"email":"ada@example.com"\#(callback)}"#, origin: origin, more: more)
    }

    var testDescription: String {
        let claims = [
            ("body", body), ("header", header), ("Origin", origin), ("Referer", referer), ("default", fallback),
        ]
        return claims.map { name, value in value.map { "\(name) \($0)" } ?? "" }.filter { !$0.isEmpty }
            .joined(separator: ", ")
    }
}

/// Claims, and the origin that the link leads to.
struct ServedClaims: Sendable, CustomTestStringConvertible {
    let leadsTo: String
    let claims: Claims
    var testDescription: String { claims.testDescription }
}

/// Claims that are refused, and the error. `field` is the field of the body that is at fault.
struct RefusedClaims: Sendable, CustomTestStringConvertible {
    let error: String
    var field: String?
    let claims: Claims
    var testDescription: String { claims.testDescription }
}

@Suite
struct CallbackOriginTests {
    @Test(
        "a request of another site is refused as such, whatever else is wrong with it",
        arguments: ["{", "{}", #"{"email":"x"}"#, ""], ["application/json", "text/plain"])
    func foreignFirst(body: String, contentType: String) async throws {
        let harness = try await SignInHarness()
        let response = await harness.respond(
            to: .signIn(body, origin: "https://evil.example", contentType: contentType))
        #expect(response.status == .badRequest)
        #expect(response.code == "origin_not_allowed")
    }

    private static let servedClaims = [
        ServedClaims(
            leadsTo: "https://body.example",
            claims: Claims(
                body: "https://body.example", header: "https://header.example", origin: "https://origin.example",
                referer: "https://referer.example/", fallback: "https://default.example")),
        ServedClaims(
            leadsTo: "https://header.example",
            claims: Claims(
                header: "https://header.example", origin: "https://origin.example",
                referer: "https://referer.example/", fallback: "https://default.example")),
        ServedClaims(
            leadsTo: "https://origin.example",
            claims: Claims(
                origin: "https://origin.example", referer: "https://referer.example/",
                fallback: "https://default.example")),
        ServedClaims(
            leadsTo: "https://referer.example",
            claims: Claims(
                referer: "https://referer.example/sign-in?next=https://evil.example/#top",
                fallback: "https://default.example")),
        ServedClaims(leadsTo: "https://default.example", claims: Claims(fallback: "https://default.example")),
        // Claims after the deciding one are ignored, except for a browser's Origin.
        ServedClaims(
            leadsTo: "https://body.example",
            claims: Claims(
                body: "https://body.example", header: "https://evil.example", referer: "https://evil.example/")),
        ServedClaims(
            leadsTo: "https://origin.example",
            claims: Claims(origin: "https://origin.example", referer: "https://evil.example/")),
        // The link has the canonical spelling of the origin.
        ServedClaims(leadsTo: "https://body.example", claims: Claims(body: "HTTPS://Body.Example:443/")),
        ServedClaims(leadsTo: "https://header.example", claims: Claims(header: "https://HEADER.example:443")),
    ]

    @Test("the first claim that is present decides", arguments: CallbackOriginTests.servedClaims)
    func decides(_ testCase: ServedClaims) async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, fallback: testCase.claims.fallback)
        let response = await harness.respond(to: testCase.claims.request)
        #expect(response.status == .ok)
        let mails = try await harness.mails()
        #expect(mails.count == 1)
        #expect(mails.first?.link.hasPrefix("\(testCase.leadsTo)/auth/callback?token=") == true)
    }

    private static let notAllowed = "is not an allowed origin"
    private static let bare = "must be only a scheme, host and port, without a path, query or fragment"
    private static let scheme = "must start with https:// or http://"
    private static let characters = "must not contain spaces, backslashes, control characters or non-ASCII characters"
    private static let headerName = "The X-AppHandoff-Callback-Origin header"

    private static let refusedClaims = [
        // A foreign Origin means that another site sends the request, whatever the body says.
        RefusedClaims(
            error: "The Origin header \(notAllowed)",
            claims: Claims(body: "https://body.example", origin: "https://evil.example")),
        RefusedClaims(
            error: "The Origin header \(notAllowed)",
            claims: Claims(header: "https://header.example", origin: "https://evil.example")),
        RefusedClaims(
            error: "The Origin header \(notAllowed)",
            claims: Claims(origin: "https://evil.example", fallback: "https://default.example")),
        RefusedClaims(
            error: "The Origin header \(scheme)", claims: Claims(body: "https://body.example", origin: "null")),
        RefusedClaims(error: "The Origin header \(scheme)", claims: Claims(body: "https://body.example", origin: "")),
        RefusedClaims(
            error: "The Origin header \(characters)",
            claims: Claims(origin: "https://origin.example, https://origin.example")),
        // A claim that is present and not allowed is refused, never skipped.
        RefusedClaims(
            error: "callback_origin \(notAllowed)", field: "callback_origin",
            claims: Claims(
                body: "https://evil.example", header: "https://header.example", origin: "https://origin.example",
                referer: "https://referer.example/", fallback: "https://default.example")),
        RefusedClaims(
            error: "\(headerName) \(notAllowed)",
            claims: Claims(header: "https://evil.example", origin: "https://origin.example")),
        RefusedClaims(
            error: "\(headerName) \(bare)",
            claims: Claims(header: "https://header.example/path", fallback: "https://default.example")),
        RefusedClaims(
            error: "\(headerName) \(scheme)", claims: Claims(header: "", fallback: "https://default.example")),
        RefusedClaims(
            error: "The Referer header \(notAllowed)",
            claims: Claims(referer: "https://evil.example/portal", fallback: "https://default.example")),
        RefusedClaims(
            error: "The Referer header \(scheme)",
            claims: Claims(referer: "about:blank", fallback: "https://default.example")),
        // Origins are compared by scheme, host and port, never by prefix.
        RefusedClaims(
            error: "callback_origin \(notAllowed)", field: "callback_origin",
            claims: Claims(body: "http://body.example")),
        RefusedClaims(
            error: "callback_origin \(notAllowed)", field: "callback_origin",
            claims: Claims(body: "https://body.example:444")),
        RefusedClaims(
            error: "callback_origin \(notAllowed)", field: "callback_origin",
            claims: Claims(body: "https://body.example.evil.example")),
        RefusedClaims(
            error: "callback_origin \(notAllowed)", field: "callback_origin",
            claims: Claims(body: "https://sub.body.example")),
        RefusedClaims(
            error: "callback_origin must not contain a user name or password", field: "callback_origin",
            claims: Claims(body: "https://body.example@evil.example")),
        RefusedClaims(
            error: "callback_origin \(bare)", field: "callback_origin", claims: Claims(body: "https://body.example/x")),
        RefusedClaims(
            error: "callback_origin \(bare)", field: "callback_origin", claims: Claims(body: "https://body.example?x")),
        RefusedClaims(
            error: "callback_origin \(bare)", field: "callback_origin", claims: Claims(body: "https://body.example#x")),
        RefusedClaims(
            error: "callback_origin \(scheme)", field: "callback_origin", claims: Claims(body: "ftp://body.example")),
        RefusedClaims(
            error: "callback_origin \(scheme)", field: "callback_origin", claims: Claims(body: "javascript:alert(1)")),
        RefusedClaims(
            error: "callback_origin \(characters)", field: "callback_origin",
            claims: Claims(body: #"https://body.example\\@evil.example"#)),
        RefusedClaims(
            error: "callback_origin \(characters)", field: "callback_origin",
            claims: Claims(body: "https://body\u{3002}example")),
    ]

    @Test(
        "a claim that is not allowed is refused by its name, and one of the body by its field, too",
        arguments: CallbackOriginTests.refusedClaims)
    func refused(_ testCase: RefusedClaims) async throws {
        let harness = try await SignInHarness(fallback: testCase.claims.fallback)
        let response = await harness.respond(to: testCase.claims.request)
        #expect(response.status == .badRequest)
        let start = #"{"error":"\#(testCase.error)","code":"origin_not_allowed""#
        if let field = testCase.field {
            let issue = #"{"path":"\#(field)","message":"\#(testCase.error)","code":"custom"}"#
            let expected = #"\#(start),"fieldErrors":{"\#(field)":"\#(testCase.error)"},"issues":[\#(issue)]}"#
            #expect(response.text == expected)
        } else {
            #expect(response.text == start + "}")
        }
    }

    @Test("without a claim and without a default, an origin is required")
    func required() async throws {
        let harness = try await SignInHarness()
        let response = await harness.respond(to: Claims().request)
        #expect(response.status == .badRequest)
        let expected = #"""
            {"error":"The request has no origin: send callback_origin or an Origin header",\#
            "code":"origin_required"}
            """#
        #expect(response.text == expected)
    }

    @Test("Host is not used as an origin")
    func host() async throws {
        let harness = try await SignInHarness()
        for name in ["Host", "X-Forwarded-Host", "Forwarded", "X-Original-Host"] {
            let request = Request.signIn(origin: nil, more: [(name, "portal.example")])
            #expect(await harness.respond(to: request).code == "origin_required", "\(name)")
        }
    }
}
