import Bytes
import Cryptography
import Net
import Platform
import TestSupport
import Testing

@testable import SignIn

@Suite
struct TokenRecordTests {
    private static let keys = StoreHarness.tokenKeys

    private func token(from start: UInt8 = 0xE0) throws -> LoginToken {
        try LoginToken(random: .counting(from: start))
    }

    private func record(next: String? = "/orders/17?tab=a&b=\"c\"#top") throws -> TokenRecord {
        TokenRecord(
            email: try #require(EmailAddress(parsing: "Ada@example.com")),
            origin: try Origin(parsing: "https://portal.example.com"),
            next: try next.map { try PortalPath(parsing: $0) }, issuedAt: UnixTime(milliseconds: 1_735_689_600_123),
            expiresAt: UnixTime(milliseconds: 1_735_690_500_123))
    }

    @Test("a record is sealed as another implementation seals it")
    func knownAnswer() throws {
        // `k1`, a space, and AES-256-GCM with the nonce 40 to 4b and the token's digest as additional data. The key is the
        // HMAC of the bytes e0 to ff and `postern token record 2` with HKDF-Expand of k1 for `postern token 2`.
        let expected = [
            "6b3120404142434445464748494a4bfb3f1e7be4a1ec1f109c9e636563181b7a7aec026c4f35913b275e95b8ffb003a1",
            "8be39211ea1abcc23f0e64a948a7feca237d3dc29d89210b0af40f2997dc5aede86076af87ae818fee8f1039c9f06c31",
            "5a60f330241c13ae571d58979098d8c7d233cf5ca8b5b04cb2c0fd6098a7bac08b3bfdbca2d30c4ade1ef37605ac8627",
            "7a2c4a1e6a64c2e73984e0b15f1c1abe31c371eeaa56345839b2fc81c3502d5ea7b283bf79dc98acbe18e60807",
        ].joined()
        let token = try token()
        #expect(
            try hexadecimal(record().sealed(for: token, by: TokenRecordTests.keys, random: .counting(from: 0x40)))
                == expected)
        #expect(try TokenRecord(opening: [UInt8](hex: expected), with: token, by: TokenRecordTests.keys) == record())
    }

    @Test("a record without a path is sealed as another implementation seals it")
    func knownAnswerWithoutNext() throws {
        let expected = [
            "6b3120404142434445464748494a4bfb3f1e7be4a1ec1f109c9e636563181b7a7aec026c4f35913b275e95b8ffb003a1",
            "8be39211ea1abcc2761b64ea57abedd22a7e60d3dfdb7c4b56b30d6891c20bb4af6a4cb687ae819dedc20725dceb6d7b",
            "1808ad3067441eb241083ab91e03a9b21df5dce56b7e23a2",
        ].joined()
        let record = TokenRecord(
            email: try #require(EmailAddress(parsing: "ada@example.com")),
            origin: try Origin(parsing: "http://localhost:3000"), next: nil, issuedAt: UnixTime(milliseconds: 0),
            expiresAt: UnixTime(milliseconds: 0))
        let token = try token()
        #expect(
            try hexadecimal(record.sealed(for: token, by: TokenRecordTests.keys, random: .counting(from: 0x40)))
                == expected)
        #expect(try TokenRecord(opening: [UInt8](hex: expected), with: token, by: TokenRecordTests.keys) == record)
    }

    static let paths: [String?] = [
        nil, "/", "/a%20b?c=%C3%A9&d=%22#e", "/%20%22", "/%E2%80%A8", "/" + String(repeating: "a", count: 2047),
    ]

    @Test("a sealed record opens unchanged", arguments: TokenRecordTests.paths)
    func roundTrip(next: String?) throws {
        let token = try LoginToken(random: .system)
        let record = try record(next: next)
        let box = try record.sealed(for: token, by: TokenRecordTests.keys, random: .system)
        let opened = try TokenRecord(opening: box, with: token, by: TokenRecordTests.keys)
        #expect(opened == record)
        #expect(opened.email.text == "ada@example.com")
        #expect(opened.next?.text == next)
    }

    static let purposes: [(String, LinkPurpose?)] = [
        (#""purpose":"invite""#, .invite), (#""purpose":"later""#, nil), (#""purpose":"Invite""#, nil),
        (#""purpose":null"#, nil), (#""purpose":1"#, nil),
    ]

    @Test("a record whose purpose this version does not know is no record", arguments: TokenRecordTests.purposes)
    func purpose(member: String, expected: LinkPurpose?) throws {
        let token = try token()
        var plaintext = Array(
            #"{"email":"ada@example.com","origin":"https://portal.example","issued_at":0,"expires_at":0,\#(member)}"#
                .utf8)
        let box = try TokenRecordTests.keys.seal(wiping: &plaintext, .record, for: token, random: .system)
        guard let expected else {
            #expect(throws: CryptoError.notAuthentic) {
                try TokenRecord(opening: box, with: token, by: TokenRecordTests.keys)
            }
            return
        }
        let record = try TokenRecord(opening: box, with: token, by: TokenRecordTests.keys)
        #expect(record.purpose == expected)
        #expect(!record.canBeSentAgain)
    }

    @Test("a record opens with the token that was parsed from the link")
    func parsedToken() throws {
        let token = try LoginToken(random: .system)
        let box = try record().sealed(for: token, by: TokenRecordTests.keys, random: .system)
        let read = try #require(LoginToken(parsing: token.text))
        #expect(try TokenRecord(opening: box, with: read, by: TokenRecordTests.keys) == record())
    }

    @Test("a record does not open with another token")
    func otherToken() throws {
        let box = try record().sealed(for: try token(), by: TokenRecordTests.keys, random: .system)
        let others = [try token(from: 0), try token(from: 0xDF), try LoginToken(random: .system)]
        for other in others {
            #expect(throws: CryptoError.notAuthentic) {
                try TokenRecord(opening: box, with: other, by: TokenRecordTests.keys)
            }
        }
    }

    @Test("a record opens with a later key ring that still has its key, and with no other")
    func rotation() throws {
        let token = try token()
        let box = try record().sealed(for: token, by: TokenRecordTests.keys, random: .system)
        let next = KeyRing.Entry(id: "k2", key: Secret(copying: [UInt8](repeating: 2, count: 32)))
        let rotated = TokenKeys([next] + StoreHarness.keys)
        #expect(try TokenRecord(opening: box, with: token, by: rotated) == record())
        #expect(
            try TokenRecord(
                opening: record().sealed(for: token, by: rotated, random: .system), with: token, by: rotated)
                == record())
        #expect(throws: CryptoError.unknownKey(id: "k1")) {
            try TokenRecord(opening: box, with: token, by: TokenKeys([next]))
        }
        // Whoever knows the token alone, and can write to Redis, makes up no record.
        let foreign = TokenKeys([KeyRing.Entry(id: "k1", key: next.key)])
        #expect(throws: CryptoError.notAuthentic) { try TokenRecord(opening: box, with: token, by: foreign) }
    }

    @Test("a record with any changed byte does not open")
    func tampering() throws {
        let token = try token()
        let box = try record().sealed(for: token, by: TokenRecordTests.keys, random: .system)
        for index in box.indices {
            var changed = box
            changed[index] ^= 0x10
            #expect(throws: CryptoError.self, "byte \(index)") {
                try TokenRecord(opening: changed, with: token, by: TokenRecordTests.keys)
            }
        }
    }

    @Test("a truncated record does not open")
    func beginnings() throws {
        let token = try token()
        let box = try record().sealed(for: token, by: TokenRecordTests.keys, random: .system)
        for length in box.indices {
            #expect(throws: CryptoError.notAuthentic, "\(length) bytes") {
                try TokenRecord(opening: Array(box[..<length]), with: token, by: TokenRecordTests.keys)
            }
        }
    }

    @Test(
        "a box of the right key that holds no record is refused",
        arguments: [
            "", "null", "[]", "{}", "{", #"{"email":"ada@example.com"}"#,
            #"{"email":"ada@example.com","origin":"https://portal.example.com"}"#,
            #"{"email":"ada@example.com","origin":"https://portal.example.com","issued_at":"0","expires_at":0}"#,
            #"{"email":"ada@example.com","origin":"https://portal.example.com","issued_at":0,"expires_at":"0"}"#,
            #"{"email":"ada@example.com","origin":"https://portal.example.com","issued_at":0}"#,
            #"{"email":"ada","origin":"https://portal.example.com","issued_at":0,"expires_at":0}"#,
            #"{"email":"ada@example.com","origin":"portal.example.com","issued_at":0,"expires_at":0}"#,
            #"{"email":1,"origin":"https://portal.example.com","issued_at":0,"expires_at":0}"#,
        ])
    func noRecord(text: String) throws {
        let token = try token()
        var plaintext = Array(text.utf8)
        let box = try TokenRecordTests.keys.seal(wiping: &plaintext, .record, for: token, random: .system)
        #expect(throws: CryptoError.notAuthentic) {
            try TokenRecord(opening: box, with: token, by: TokenRecordTests.keys)
        }
    }

    @Test("a box reveals nothing of its record")
    func secrecy() throws {
        let box = try record().sealed(for: try token(), by: TokenRecordTests.keys, random: .counting(from: 0x40))
        let text = String(decoding: box, as: UTF8.self)
        for piece in ["ada", "example", "portal", "orders", "email"] {
            #expect(!text.contains(piece))
        }
    }
}
