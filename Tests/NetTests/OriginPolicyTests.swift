import Net
import Testing

@Suite
struct OriginPolicyTests {
    private static let entries = [
        "https://portal.example.com", "https://*.apps.example.com", "http://localhost:*",
        "https://fallback.example.com",
    ]

    private func policy() throws -> OriginPolicy {
        OriginPolicy(allowed: try OriginPolicyTests.entries.map { try OriginPattern(parsing: $0) })
    }

    private func policyWithFallback() throws -> OriginPolicy {
        OriginPolicy(
            allowed: try OriginPolicyTests.entries.map { try OriginPattern(parsing: $0) },
            fallback: try Origin(parsing: "https://fallback.example.com"))
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let claims: OriginPolicy.Claims
        let origin: String
    }

    static let allowed = [
        Case(
            testDescription: "the body alone", claims: .init(body: "https://portal.example.com"),
            origin: "https://portal.example.com"),
        Case(
            testDescription: "the header alone", claims: .init(header: "https://portal.example.com"),
            origin: "https://portal.example.com"),
        Case(
            testDescription: "Origin alone", claims: .init(origin: "https://portal.example.com"),
            origin: "https://portal.example.com"),
        Case(
            testDescription: "the origin of Referer alone",
            claims: .init(referer: "https://portal.example.com/sign-in?a=b"),
            origin: "https://portal.example.com"),
        Case(
            testDescription: "the body before all others",
            claims: .init(
                body: "https://a.apps.example.com", header: "https://b.apps.example.com",
                origin: "https://c.apps.example.com",
                referer: "https://d.apps.example.com/"), origin: "https://a.apps.example.com"),
        Case(
            testDescription: "the header before Origin and Referer",
            claims: .init(
                header: "https://b.apps.example.com", origin: "https://c.apps.example.com",
                referer: "https://d.apps.example.com/"),
            origin: "https://b.apps.example.com"),
        Case(
            testDescription: "Origin before Referer",
            claims: .init(origin: "https://c.apps.example.com", referer: "https://d.apps.example.com/"),
            origin: "https://c.apps.example.com"),
        Case(
            testDescription: "a Referer that is not allowed is ignored if there is an Origin",
            claims: .init(origin: "https://c.apps.example.com", referer: "https://evil.example/"),
            origin: "https://c.apps.example.com"),
        Case(
            testDescription: "a header that is not allowed is ignored if the body names an origin",
            claims: .init(body: "https://a.apps.example.com", header: "https://evil.example"),
            origin: "https://a.apps.example.com"),
        Case(
            testDescription: "another spelling of an allowed origin",
            claims: .init(body: "HTTPS://Portal.Example.com:443/"),
            origin: "https://portal.example.com"),
        Case(
            testDescription: "any port of this machine", claims: .init(origin: "http://localhost:5173"),
            origin: "http://localhost:5173"),
    ]

    @Test("the first claim that is present decides", arguments: OriginPolicyTests.allowed)
    func decides(expected: Case) throws {
        #expect(try policy().callbackOrigin(for: expected.claims).description == expected.origin)
        #expect(try policyWithFallback().callbackOrigin(for: expected.claims).description == expected.origin)
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let claims: OriginPolicy.Claims
        let refusal: OriginPolicy.Refusal
    }

    static let refused = [
        Refused(
            testDescription: "a body that is not allowed is not skipped",
            claims: .init(
                body: "https://evil.example", header: "https://portal.example.com",
                origin: "https://portal.example.com",
                referer: "https://portal.example.com/"), refusal: .notAllowed(.body, nil)),
        Refused(
            testDescription: "a header that is not allowed is not skipped",
            claims: .init(
                header: "https://evil.example", origin: "https://portal.example.com",
                referer: "https://portal.example.com/"),
            refusal: .notAllowed(.header, nil)),
        Refused(
            testDescription: "an Origin that is not allowed is not skipped",
            claims: .init(origin: "https://evil.example", referer: "https://portal.example.com/"),
            refusal: .notAllowed(.origin, nil)),
        Refused(
            testDescription: "a Referer that is not allowed is not skipped",
            claims: .init(referer: "https://evil.example/"),
            refusal: .notAllowed(.referer, nil)),
        Refused(
            testDescription: "another site that posts an allowed origin",
            claims: .init(body: "https://portal.example.com", origin: "https://evil.example"),
            refusal: .notAllowed(.origin, nil)),
        Refused(
            testDescription: "another site that sends an allowed origin as a header",
            claims: .init(header: "https://portal.example.com", origin: "https://evil.example"),
            refusal: .notAllowed(.origin, nil)),
        Refused(
            testDescription: "a page without an origin of its own",
            claims: .init(body: "https://portal.example.com", origin: "null"),
            refusal: .notAllowed(.origin, .originScheme)),
        Refused(
            testDescription: "an empty Origin", claims: .init(body: "https://portal.example.com", origin: ""),
            refusal: .notAllowed(.origin, .originScheme)),
        Refused(
            testDescription: "an empty body member", claims: .init(body: "", origin: "https://portal.example.com"),
            refusal: .notAllowed(.body, .originScheme)),
        Refused(
            testDescription: "two origins in one header",
            claims: .init(header: "https://portal.example.com, https://evil.example"),
            refusal: .notAllowed(.header, .originCharacters)),
        Refused(
            testDescription: "a path after the origin", claims: .init(body: "https://portal.example.com/evil"),
            refusal: .notAllowed(.body, .originPath)),
        Refused(
            testDescription: "a user name before the host",
            claims: .init(referer: "https://portal.example.com@evil.example/"),
            refusal: .notAllowed(.referer, .originUserInformation)),
        Refused(testDescription: "no claim and no fallback", claims: .init(), refusal: .required),
    ]

    @Test("a claim that is present and not allowed is refused, never skipped", arguments: OriginPolicyTests.refused)
    func refusal(expected: Refused) throws {
        let policy = try policy()
        #expect(throws: expected.refusal) { try policy.callbackOrigin(for: expected.claims) }
    }

    @Test("the fallback is used only for requests without any claim")
    func fallback() throws {
        let policy = try policyWithFallback()
        #expect(try policy.callbackOrigin(for: .init()).description == "https://fallback.example.com")
        for expected in OriginPolicyTests.refused where expected.refusal != .required {
            #expect(throws: expected.refusal) { try policy.callbackOrigin(for: expected.claims) }
        }
    }

    @Test(
        "an origin that only looks like an allowed one is not allowed",
        arguments: [
            "https://portal.example.com.evil.example", "https://portal.example.co", "https://portal.example.com:8443",
            "http://portal.example.com", "https://example.com", "https://xportal.example.com",
            "https://a.portal.example.com", "https://apps.example.com", "https://a.b.apps.example.com",
            "https://evilapps.example.com", "http://a.apps.example.com", "https://localhost:3000",
            "http://localhost.evil.example:3000", "http://127.0.0.1:3000", "https://portal-example.com",
        ])
    func notAllowed(text: String) throws {
        let policy = try policy()
        #expect(!policy.allows(text))
        #expect(throws: OriginPolicy.Refusal.notAllowed(.body, nil)) {
            try policy.callbackOrigin(for: .init(body: text))
        }
        #expect(throws: OriginPolicy.Refusal.notAllowed(.header, nil)) {
            try policy.callbackOrigin(for: .init(header: text))
        }
        #expect(throws: OriginPolicy.Refusal.notAllowed(.origin, nil)) {
            try policy.callbackOrigin(for: .init(origin: text))
        }
        #expect(throws: OriginPolicy.Refusal.notAllowed(.referer, nil)) {
            try policy.callbackOrigin(for: .init(referer: text + "/sign-in"))
        }
    }

    @Test("an empty allowlist allows nothing")
    func nothingAllowed() throws {
        let policy = OriginPolicy(allowed: [])
        #expect(!policy.allows("https://portal.example.com"))
        #expect(throws: OriginPolicy.Refusal.required) { try policy.callbackOrigin(for: .init()) }
    }
}
