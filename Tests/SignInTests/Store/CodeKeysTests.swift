import Cryptography
import TestSupport
import Testing

@testable import SignIn

@Suite
struct CodeKeysTests {
    /// The first of the 32 ascending bytes of a handle, a code, and the tag of both from another implementation: the
    /// HMAC of the handle's digest and the code with HKDF-Expand of the key, the bytes 0 to 31, for `postern code 1`.
    static let tags: [(UInt8, String, String)] = [
        (0xE0, "000042", "aa7a293c9bb22b951fb2ce755a23f895a10b59723dae456e6f9a5474b21dfd48"),
        (0xE0, "000000", "38202cb67646e82f49766b3b9f2eefd3831bd8430b9ddb27144bc38f224e891c"),
        (0xE0, "999999", "b272f546617f9e35950376b7f393a2efc8401f3c47192ffd3742e2803a9537af"),
        (0, "000042", "40fad93c120fe42fca26ee306cdbb1c775bce6fb36933b9e66254b10a227530f"),
        (0, "041592", "19667d550f68e834585485983fc7150d1f7ba9d7fdd062ee01aea7c80d14f47e"),
    ]

    private func handle(from start: UInt8) throws -> CodeHandle {
        let random = RandomBytes { (buffer) throws(CryptoError) in
            for index in buffer.indices { buffer[index] = start &+ UInt8(truncatingIfNeeded: index) }
        }
        return try CodeHandle(random: random)
    }

    private func keys(_ ids: String...) throws -> CodeKeys {
        // The key k1 is the bytes 0 to 31; each other key is 32 times the last letter of its id.
        CodeKeys(
            ids.map { id in
                let letter = id.utf8.last ?? 0
                let bytes = id == "k1" ? (0..<32).map(UInt8.init) : [UInt8](repeating: letter, count: 32)
                return KeyRing.Entry(id: id, key: Secret(copying: bytes))
            })
    }

    private func sealed(by keys: CodeKeys, _ handle: CodeHandle, _ token: LoginToken) throws -> CodeKeys.Sealed {
        let codeRequest = SignInRequest.CodeRequest(handle: handle, code: try sixDigits("314159"))
        return try keys.seal(codeRequest, token, random: .system)
    }

    @Test("the tag is an HMAC of the handle and the code, with the deployment's key", arguments: tags)
    func tag(start: UInt8, code: String, expected: String) throws {
        #expect(try keys("k1").tags(of: sixDigits(code), for: handle(from: start)) == expected)
    }

    @Test("with several keys there is a tag for each, and the stored one is that of the first")
    func severalKeys() throws {
        let (handle, token) = (try handle(from: 1), try LoginToken(random: .system))
        let both = try keys("k2", "k1").tags(of: sixDigits("314159"), for: handle).split(separator: " ")
        #expect(both.count == 2)
        #expect(try keys("k2").tags(of: sixDigits("314159"), for: handle) == both[0])
        #expect(try keys("k1").tags(of: sixDigits("314159"), for: handle) == both[1])
        let sealed = try sealed(by: keys("k2", "k1"), handle, token)
        #expect(sealed.tag == both[0])
        #expect(try NamedBox(sealed.token).keyID == "k2")
    }

    @Test("the token opens for its own handle, as long as the deployment has the key that sealed it")
    func token() throws {
        let (handle, token) = (try handle(from: 1), try LoginToken(random: .system))
        let box = try sealed(by: keys("k1"), handle, token).token
        #expect(try keys("k1").token(in: box, for: handle).text == token.text)
        #expect(try keys("k2", "k1").token(in: box, for: handle).text == token.text)
        let other = try self.handle(from: 2)
        #expect(throws: CryptoError.notAuthentic) { try keys("k1").token(in: box, for: other) }
        #expect(throws: CryptoError.unknownKey(id: "k1")) { try keys("k2").token(in: box, for: handle) }
        // The handle and the box are known to a client that requested the code and reads Redis.
        #expect(throws: CryptoError.notAuthentic) {
            try LoginToken(
                sealed: box, for: try #require(LoginToken(parsing: handle.text)), by: TokenKeys(StoreHarness.keys))
        }
    }

    @Test("another code or another handle gives another tag")
    func differences() throws {
        let keys = try keys("k1")
        let (first, second) = (try handle(from: 1), try handle(from: 2))
        var tags: Set<String> = []
        for number in 100_000..<100_500 {
            tags.insert(try keys.tags(of: sixDigits(String(number)), for: first))
            tags.insert(try keys.tags(of: sixDigits(String(number)), for: second))
        }
        #expect(tags.count == 1000)
    }
}
