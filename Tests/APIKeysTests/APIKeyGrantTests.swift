import Bytes
import Platform
import Testing
import Web

@testable import APIKeys

@Suite
struct APIKeyGrantTests {
    @Test(
        "a name is 1 to 64 visible ASCII characters, without / and commas",
        arguments: ["p", "Portal_2:eu@x", "{}", "-"])
    func names(text: String) throws {
        #expect(try APIKeyGrant.parseName(text) == text)
        #expect(try APIKeyGrant.parseName(String(repeating: "n", count: 64)).count == 64)
    }

    @Test(
        "any other name is refused",
        arguments: ["", " ", "a b", "a/b", "a,b", "a\nb", "a\0b", "é", "\u{202E}x", String(repeating: "n", count: 65)])
    func wrongNames(text: String) {
        #expect(throws: ParseError.self) { try APIKeyGrant.parseName(text) }
    }

    @Test("scopes are a list of at least one and at most 32, each once")
    func scopes() throws {
        #expect(try APIKeyGrant.parseScopes("a:b,c:d", separator: ",") == ["a:b", "c:d"])
        func list(_ count: Int) -> String { (0..<count).map { "a:b\($0)" }.joined(separator: ",") }
        #expect(try APIKeyGrant.parseScopes(list(32), separator: ",").count == 32)
        for text in ["", ",", "a:b,", ",a:b", "a:b,a:b", "a:b, c:d", "a:b+c:d", list(33)] {
            #expect(throws: ParseError.self, "\(text)") { try APIKeyGrant.parseScopes(text, separator: ",") }
        }
    }

    @Test("a key works before the time of its expiry, and not at it")
    func expiry() {
        func isExpired(_ expires: Int?, at now: Int) -> Bool {
            APIKeyGrant(name: "n", scopes: ["a:b"], expires: expires.map { UnixTime(milliseconds: $0) })
                .isExpired(at: UnixTime(milliseconds: now))
        }
        #expect(!isExpired(1000, at: 999))
        #expect(isExpired(1000, at: 1000))
        #expect(isExpired(1000, at: 1001))
        #expect(!isExpired(nil, at: .max))
    }
}
