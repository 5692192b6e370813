import Cryptography
import SignIn
import TestSupport
import Testing

@Suite
struct LoginTokenTests {
    /// The token of the bytes e0 to ff.
    private static let text = "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8"
    private static let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    /// The first of 32 ascending bytes, their token, and its SHA-256, both from another implementation.
    static let tokens: [(UInt8, String, String)] = [
        (
            0xE0, "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8",
            "d90bad97384181273203dd0f8cc30e16a817bef7a51b026eb6bf0a7fcba3312a"
        ),
        (
            0, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
            "ea866a757e4c38babfa8127cbe9a409d3e1f93a00ff1488ff735fcf917afffd0"
        ),
    ]

    @Test(
        "a token is 43 characters of base64url, and its digest is that of these characters",
        arguments: LoginTokenTests.tokens)
    func knownAnswers(start: UInt8, text: String, digest: String) throws {
        let token = try LoginToken(random: .counting(from: start))
        #expect(token.text == text)
        #expect(token.digest == digest)
        let read = try #require(LoginToken(parsing: text))
        #expect(read.text == text)
        #expect(read.digest == digest)
    }

    @Test("tokens differ, and are parsed unchanged")
    func difference() throws {
        var texts: Set<String> = []
        var digests: Set<String> = []
        for _ in 0..<200 {
            let token = try LoginToken(random: .system)
            #expect(token.text.utf8.count == 43)
            #expect(token.text.allSatisfy { LoginTokenTests.alphabet.contains($0) })
            #expect(LoginToken(parsing: token.text)?.digest == token.digest)
            texts.insert(token.text)
            digests.insert(token.digest)
        }
        #expect(texts.count == 200)
        #expect(digests.count == 200)
    }

    @Test("another character anywhere gives another token, or is refused")
    func everyChange() throws {
        let token = try LoginToken(random: .counting(from: 0xE0))
        let characters = Array(LoginTokenTests.text)
        var digests: Set<String> = [token.digest]
        var refusedCount = 0
        for index in characters.indices {
            for other in LoginTokenTests.alphabet where other != characters[index] {
                var changed = characters
                changed[index] = other
                if let read = LoginToken(parsing: String(changed)) {
                    #expect(read.text == String(changed))
                    digests.insert(read.digest)
                } else {
                    #expect(index == 42)
                    refusedCount += 1
                }
            }
        }
        // The last character has two unused bits: 16 of 64 can end a token, including the end of this one.
        #expect(refusedCount == 48)
        #expect(digests.count == 1 + 42 * 63 + 15)
    }

    @Test("other spellings of the same bytes are refused", arguments: ["9", "-", "_"])
    func spellings(last: String) throws {
        // `8` is 60, and 61 to 63 differ in the unused bits.
        #expect(LoginTokenTests.text.last == "8")
        #expect(LoginToken(parsing: String(LoginTokenTests.text.dropLast()) + last) == nil)
    }

    @Test("a token of another length is refused")
    func lengths() throws {
        for length in 0..<43 {
            #expect(LoginToken(parsing: String(LoginTokenTests.text.prefix(length))) == nil, "\(length)")
        }
        for addition in ["A", "=", " ", "\n", "\0", LoginTokenTests.text] {
            #expect(LoginToken(parsing: LoginTokenTests.text + addition) == nil)
            #expect(LoginToken(parsing: addition + LoginTokenTests.text) == nil)
        }
    }

    @Test(
        "43 bytes that include another character are refused",
        arguments: ["+", "/", "=", " ", "\n", "\0", ".", "%", "\u{7F}", "~"])
    func characters(other: String) throws {
        for length in [0, 20, 42] {
            let start = String(LoginTokenTests.text.prefix(length))
            let text = start + other + String(LoginTokenTests.text.dropFirst(length + 1))
            #expect(text.utf8.count == 43)
            #expect(LoginToken(parsing: text) == nil)
        }
        #expect(LoginToken(parsing: String(repeating: "é", count: 43)) == nil)
        #expect(LoginToken(parsing: "é" + String(repeating: "A", count: 41)) == nil)
    }

    @Test("printing a token does not reveal it")
    func printing() throws {
        let token = try LoginToken(random: .counting(from: 0xE0))
        var dumped = ""
        dump(token, to: &dumped)
        #expect("\(token)" == "<secret>")
        #expect(String(reflecting: token) == "<secret>")
        #expect("\([token])" == "[<secret>]")
        #expect(!dumped.contains(token.text))
    }

    @Test("without randomness there is no token")
    func noRandomness() {
        let broken = RandomBytes { (_) throws(CryptoError) in throw .noRandomness }
        #expect(throws: CryptoError.noRandomness) { try LoginToken(random: broken) }
    }
}
