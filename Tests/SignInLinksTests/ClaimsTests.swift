import TestSupport
import Testing
import Web

@Suite
struct ClaimsTests {
    private static func nested(_ depth: Int) -> String {
        String(repeating: #"{"a":"#, count: depth) + "1" + String(repeating: "}", count: depth)
    }

    static let accepted: [String] = [
        "{}", #"{"a":9007199254740991,"b":-9007199254740991}"#, #"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}"#,
        // The same for Swift's strings, but not for other parsers.
        #"{"\#u{E9}":1,"e\#u{301}":2}"#, #"{"a":"\#(String(repeating: "x", count: 1016))"}"#, nested(15),
    ]

    @Test("claims are returned as they were sent", arguments: ClaimsTests.accepted)
    func returned(claims: String) async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        let token = await harness.issue(#","send":false,"claims":\#(claims)"#).token
        let exchanged = await harness.page(of: token, pressing: "token=\(token)").redirectedToken
        let verified = await harness.post("/auth/verify-magic-link", #"{"token":"\#(exchanged)"}"#)
        #expect(verified.status == 200)
        #expect(verified.text.contains(#""claims":\#(claims)"#))
    }

    static let normalized: [(String, String)] = [
        (#"{"a":1.0}"#, #"{"a":1}"#), (#"{"a":-0}"#, #"{"a":0}"#), (#"{"a":1e3}"#, #"{"a":1000}"#),
        (#"{"a":1.00000000000000000001}"#, #"{"a":1}"#), (#"{"a":1e-400}"#, #"{"a":0}"#),
        (#"{"a" : [ 0.10 ] }"#, #"{"a":[0.1]}"#), (#"{"\u0061":"\u00e9"}"#, #"{"a":"\#u{E9}"}"#),
    ]

    @Test("numbers are doubles, and are returned in their shortest form", arguments: ClaimsTests.normalized)
    func shortest(claims: String, expected: String) async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        let token = await harness.issue(#","send":false,"claims":\#(claims)"#).token
        let exchanged = await harness.page(of: token, pressing: "token=\(token)").redirectedToken
        let verified = await harness.post("/auth/verify-magic-link", #"{"token":"\#(exchanged)"}"#)
        #expect(verified.text.contains(#""claims":\#(expected)"#))
    }

    static let refused: [String] = [
        #"{"a":9007199254740992}"#, #"{"a":-9007199254740992}"#, #"{"a":9007199254740993}"#, #"{"a":[{"b":1e400}]}"#,
        #"{"a":"\#(String(repeating: "x", count: 1017))"}"#,
    ]

    @Test("claims that are not returned as they were sent are refused", arguments: ClaimsTests.refused)
    func inexact(claims: String) async throws {
        let harness = try await LinksHarness(nil)
        let answer = await harness.issue(#","claims":\#(claims)"#)
        #expect(answer.status == 400)
        #expect(answer.text.contains(#""path":"claims""#))
    }

    @Test("claims that nest deeper than 15 levels are refused with the body")
    func depth() async throws {
        let harness = try await LinksHarness(nil)
        let answer = await harness.issue(#","claims":\#(ClaimsTests.nested(16))"#)
        #expect(answer.status == 400)
        #expect(answer["code"] == "invalid_json")
    }
}
