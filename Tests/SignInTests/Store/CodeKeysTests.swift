@testable import SignIn
import Cryptography
import Testing
import TestSupport

@Suite
struct CodeKeysTests {
    /// The first of 32 ascending bytes of a request's name, a code, and its check from another implementation: the HMAC
    /// of the name's digest and the code under HKDF-Expand of the key, the bytes 0 to 31, for `postern code 1`.
    static let checks: [(UInt8, String, String)] = [
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
        // The bytes 0 to 31 for k1, and for each other as many bytes of its last letter.
        CodeKeys(
            ids.map { id in
                let letter = id.utf8.last ?? 0
                let bytes = id == "k1" ? (0..<32).map(UInt8.init) : [UInt8](repeating: letter, count: 32)
                return KeyRing.Entry(id: id, key: Secret(copying: bytes))
            })
    }

    private func entry(by keys: CodeKeys, _ handle: CodeHandle, _ token: LoginToken) throws -> [UInt8] {
        let way = SignInRequest.CodeRequest(handle: handle, code: try sixDigits("314159"))
        return try keys.entry(for: way, token, random: .system)
    }

    @Test("the check is an HMAC under the deployment's key, of the request's name and the code", arguments: checks)
    func check(start: UInt8, code: String, expected: String) throws {
        #expect(try keys("k1").tags(of: sixDigits(code), for: handle(from: start)) == expected)
    }

    @Test("with several keys there is a check for each, and the first one's stands in the entry")
    func severalKeys() throws {
        let (handle, token) = (try handle(from: 1), try LoginToken(random: .system))
        let both = try keys("k2", "k1").tags(of: sixDigits("314159"), for: handle).split(separator: " ")
        #expect(both.count == 2)
        #expect(try keys("k2").tags(of: sixDigits("314159"), for: handle) == both[0])
        #expect(try keys("k1").tags(of: sixDigits("314159"), for: handle) == both[1])
        let line = try entry(by: keys("k2", "k1"), handle, token).prefix { $0 != UInt8(ascii: "\n") }
        #expect(String(decoding: line, as: UTF8.self) == "\(both[0]) \(token.digest) k2")
    }

    @Test("the token opens for its own request, under the keys of a deployment that still has its key")
    func token() throws {
        let (handle, token) = (try handle(from: 1), try LoginToken(random: .system))
        let entry = try entry(by: keys("k1"), handle, token)
        let box = Array(entry.drop { $0 != UInt8(ascii: "\n") }.dropFirst())
        #expect(try keys("k1").token(in: box, keyID: "k1", for: handle).text == token.text)
        #expect(try keys("k2", "k1").token(in: box, keyID: "k1", for: handle).text == token.text)
        let other = try self.handle(from: 2)
        #expect(throws: CryptoError.notAuthentic) { try keys("k1").token(in: box, keyID: "k1", for: other) }
        #expect(throws: CryptoError.unknownKey(id: "k1")) { try keys("k2").token(in: box, keyID: "k1", for: handle) }
        // Who asked for the code and reads Redis has the request's name and the box.
        #expect(throws: CryptoError.notAuthentic) {
            try LoginToken(sealed: box, for: try #require(LoginToken(parsing: handle.text)))
        }
    }

    @Test("another code or another request gives another check")
    func differences() throws {
        let keys = try keys("k1")
        let (first, second) = (try handle(from: 1), try handle(from: 2))
        var checks: Set<String> = []
        for number in 100_000..<100_500 {
            checks.insert(try keys.tags(of: sixDigits(String(number)), for: first))
            checks.insert(try keys.tags(of: sixDigits(String(number)), for: second))
        }
        #expect(checks.count == 1000)
    }
}
