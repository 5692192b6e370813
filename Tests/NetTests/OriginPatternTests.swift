import Bytes
import Net
import Testing

@Suite
struct OriginPatternTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let pattern: String
        let matching: [String]
        let other: [String]
        var testDescription: String { pattern }
    }

    static let cases = [
        Case(
            pattern: "https://portal.example.com",
            matching: ["https://portal.example.com", "https://PORTAL.example.com:443/"],
            other: [
                "http://portal.example.com", "http://portal.example.com:443", "https://portal.example.com:8443",
                "https://portal.example.org", "https://portal.example.com.evil.example", "https://evil.example",
                "https://example.com", "https://a.portal.example.com", "https://xportal.example.com",
                "https://portal.example.co", "https://portal-example.com", "https://portal.example",
            ]),
        Case(
            pattern: "HTTPS://Portal.Example.COM:443/", matching: ["https://portal.example.com"],
            other: ["http://portal.example.com"]),
        Case(
            pattern: "https://portal.example.com:8443", matching: ["https://portal.example.com:8443"],
            other: [
                "https://portal.example.com", "https://portal.example.com:844", "https://portal.example.com:18443",
            ]),
        Case(
            pattern: "http://portal.internal", matching: ["http://portal.internal", "http://portal.internal:80"],
            other: ["https://portal.internal", "http://portal.internal:8080"]),
        Case(
            pattern: "https://*.example.com",
            matching: [
                "https://a.example.com", "https://A.Example.com:443/", "https://xn--a-b.example.com",
                "https://1.example.com",
            ],
            other: [
                "https://example.com", "https://a.b.example.com", "http://a.example.com", "https://a.example.com:8443",
                "https://aexample.com", "https://a.example.com.evil.example", "https://a.example.org",
                "https://a.xexample.com", "https://a.example.co", "https://evil.example", "https://com",
                "https://a.com", "https://example.com.example", "https://127.0.0.1", "https://[::1]",
            ]),
        Case(
            pattern: "https://*.preview.example.com:8443", matching: ["https://pr-1.preview.example.com:8443"],
            other: [
                "https://pr-1.preview.example.com", "https://preview.example.com:8443",
                "https://a.b.preview.example.com:8443", "https://pr-1.example.com:8443",
            ]),
        Case(
            pattern: "http://localhost:*",
            matching: [
                "http://localhost", "http://localhost:1", "http://localhost:3000", "http://localhost:65535",
                "http://LOCALHOST:80",
            ],
            other: [
                "https://localhost", "https://localhost:3000", "http://127.0.0.1:3000", "http://[::1]:3000",
                "http://a.localhost:3000", "http://localhost.evil.example:3000", "http://localhost.evil.example",
                "http://xlocalhost:3000",
            ]),
        Case(
            pattern: "http://localhost:3000", matching: ["http://localhost:3000"],
            other: ["http://localhost", "http://localhost:3001"]),
        Case(
            pattern: "http://127.0.0.1:*", matching: ["http://127.0.0.1", "http://127.0.0.1:9"],
            other: ["http://127.0.0.2:9", "http://localhost:9", "https://127.0.0.1:9"]),
        Case(
            pattern: "http://[::1]:*", matching: ["http://[::1]", "http://[0:0:0:0:0:0:0:1]:9"],
            other: ["http://[::2]:9", "http://localhost:9"]),
        Case(pattern: "https://localhost:*", matching: ["https://localhost:9"], other: ["http://localhost:9"]),
    ]

    @Test("an entry matches its own origins and no others", arguments: OriginPatternTests.cases)
    func matching(expected: Case) throws {
        let pattern = try OriginPattern(parsing: expected.pattern)
        for text in expected.matching {
            let origin = try Origin(parsing: text)
            #expect(pattern.matches(origin), "\(text)")
        }
        for text in expected.other {
            let origin = try Origin(parsing: text)
            #expect(!pattern.matches(origin), "\(text)")
        }
    }

    static let refused: [(String, ParseError)] = [
        ("", .originScheme), ("*", .originScheme), ("*.example.com", .originScheme),
        ("portal.example.com", .originScheme),
        ("*://portal.example.com", .originScheme),
        ("http*://portal.example.com", .originScheme), ("null", .originScheme),
        ("ftp://portal.example.com", .originScheme),
        ("https://*", .originHost),
        ("https://*.", .originHost), ("https://*.com", .originHost), ("https://*.localhost", .originHost),
        ("https://*example.com", .originHost),
        ("https://a*.example.com", .originHost), ("https://a.*.example.com", .originHost),
        ("https://*.*.example.com", .originHost),
        ("https://**.example.com", .originHost), ("https://portal.example.*", .originHost),
        ("https://portal.*", .originHost),
        ("https://*.example.com.", .originHost),
        ("https://*..example.com", .originHost), ("https://*.127.0.0.1", .originHost), ("https://*.0.0.1", .originHost),
        ("https://example.com.", .originHost),
        ("https://portal.example.com/a", .originPath), ("https://portal.example.com?a", .originPath),
        ("https://portal.example.com#a", .originPath),
        ("https://portal.example.com/*", .originPath), ("https://*.example.com/a", .originPath),
        ("https://portal.example.com:*", .originPort),
        ("http://portal.example.com:*", .originPort), ("https://*.example.com:*", .originPort),
        ("http://*.localhost:*", .originPort),
        ("http://localhost.evil.example:*", .originPort), ("http://10.0.0.1:*", .originPort),
        ("http://[::2]:*", .originPort),
        ("http://0.0.0.0:*", .originPort),
        ("http://localhost:", .originPort), ("http://localhost:0", .originPort),
        ("http://localhost:65536", .originPort),
        ("http://localhost:30*", .originPort),
        ("http://localhost:**", .originPort), ("http://localhost:*0", .originPort),
        ("https://user@portal.example.com", .originUserInformation),
        ("https://*@portal.example.com", .originUserInformation),
        ("https://*.example.com@evil.example", .originUserInformation),
        ("https://portal.exämple.com", .originCharacters), ("https://*.example。com", .originCharacters),
        ("https://*.example.com ", .originCharacters),
        (" https://*.example.com", .originCharacters), ("https://*.example\\.com", .originCharacters),
        ("https://*.example.com\0", .originCharacters),
    ]

    @Test("an entry that is malformed or too general is refused", arguments: OriginPatternTests.refused)
    func refusal(text: String, error: ParseError) {
        #expect(throws: error) { try OriginPattern(parsing: text) }
    }

    @Test("a wildcard before an address in brackets is refused")
    func wildcardAddress() {
        #expect(throws: ParseError.self) { try OriginPattern(parsing: "https://*.[::1]") }
        #expect(throws: ParseError.self) { try OriginPattern(parsing: "https://[*.::1]") }
        #expect(throws: ParseError.self) { try OriginPattern(parsing: "https://[*]") }
    }
}
