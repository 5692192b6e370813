import Bytes
import Cryptography
import Net
import Platform
import TestSupport
import Testing

@testable import SignIn

@Suite
struct TokenRecordTests {
    private func token(from start: UInt8 = 0xE0) throws -> LoginToken {
        try LoginToken(random: .counting(from: start))
    }

    private func record(next: String? = "/orders/17?tab=a&b=\"c\"#top") throws -> TokenRecord {
        TokenRecord(
            email: try #require(EmailAddress(parsing: "Ada@example.com")),
            origin: try Origin(parsing: "https://portal.example.com"),
            next: try next.map { try PortalPath(parsing: $0) }, issuedAt: UnixTime(milliseconds: 1_735_689_600_123))
    }

    @Test("a record is sealed as another implementation seals it")
    func knownAnswer() throws {
        // AES-256-GCM with HKDF-Expand of the bytes e0 to ff for `postern token record 1` as the key, the nonce 40 to
        // 4b, and the token's digest as additional data.
        let expected = [
            "404142434445464748494a4b5b3bff41561fc287fe1e4211f60e7ce81cfa0f5322ad46e43703a5a7bc1e55c05ae7c2e5",
            "f7e56c19af3838b81c70fd4c24bd80c21866f4df04ddf263d6359ec40c89bedcacdbce7c05095fe80d153caac18d9798",
            "456acf8227f60107ebce0fd8c72bd9008607c229c78c47258545faeff254bcb627176d605a0717031b7f9d69285f3419",
            "42184fb6ba1c92487a07a3cf8d",
        ].joined()
        let token = try token()
        #expect(try hexadecimal(record().sealed(for: token, random: .counting(from: 0x40))) == expected)
        #expect(try TokenRecord(opening: [UInt8](hex: expected), with: token) == record())
    }

    @Test("a record without a path is sealed as another implementation seals it")
    func knownAnswerWithoutNext() throws {
        let expected = [
            "404142434445464748494a4b5b3bff41561fc287fe1e4211f60e7ce81cfa0f5322ad46e43703a5a7bc1e55c05ae7c2e5",
            "f7e56c19af712db85f6ff15f3cb4839f0924a6824481b5619733809555ceb4e6b5dbce7c175bba965e948fce90d55991",
            "34528f92ae46",
        ].joined()
        let record = TokenRecord(
            email: try #require(EmailAddress(parsing: "ada@example.com")),
            origin: try Origin(parsing: "http://localhost:3000"), next: nil, issuedAt: UnixTime(milliseconds: 0))
        let token = try token()
        #expect(try hexadecimal(record.sealed(for: token, random: .counting(from: 0x40))) == expected)
        #expect(try TokenRecord(opening: [UInt8](hex: expected), with: token) == record)
    }

    static let paths: [String?] = [
        nil, "/", "/a b?c=é&d=\"#e", "/%20%22", "/\u{2028}😀", "/" + String(repeating: "a", count: 2047),
    ]

    @Test("a sealed record opens unchanged", arguments: TokenRecordTests.paths)
    func roundTrip(next: String?) throws {
        let token = try LoginToken(random: .system)
        let record = try record(next: next)
        let box = try record.sealed(for: token, random: .system)
        let opened = try TokenRecord(opening: box, with: token)
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
            #"{"email":"ada@example.com","origin":"https://portal.example","issued_at":0,\#(member)}"#.utf8)
        let box = try token.recordKey.seal(
            wiping: &plaintext, authenticating: Array(token.digest.utf8), random: .system)
        guard let expected else {
            #expect(throws: CryptoError.notAuthentic) { try TokenRecord(opening: box, with: token) }
            return
        }
        let record = try TokenRecord(opening: box, with: token)
        #expect(record.purpose == expected)
        #expect(!record.canBeSentAgain)
    }

    @Test("a record opens with the token that was parsed from the link")
    func parsedToken() throws {
        let token = try LoginToken(random: .system)
        let box = try record().sealed(for: token, random: .system)
        let read = try #require(LoginToken(parsing: token.text))
        #expect(try TokenRecord(opening: box, with: read) == record())
    }

    @Test("a record does not open with another token")
    func otherToken() throws {
        let box = try record().sealed(for: try token(), random: .system)
        let others = [try token(from: 0), try token(from: 0xDF), try LoginToken(random: .system)]
        for other in others {
            #expect(throws: CryptoError.notAuthentic) { try TokenRecord(opening: box, with: other) }
        }
    }

    @Test("a record with any changed byte does not open")
    func tampering() throws {
        let token = try token()
        let box = try record().sealed(for: token, random: .system)
        for index in box.indices {
            var changed = box
            changed[index] ^= 0x10
            #expect(throws: CryptoError.notAuthentic, "byte \(index)") {
                try TokenRecord(opening: changed, with: token)
            }
        }
    }

    @Test("a truncated record does not open")
    func beginnings() throws {
        let token = try token()
        let box = try record().sealed(for: token, random: .system)
        for length in box.indices {
            #expect(throws: CryptoError.notAuthentic, "\(length) bytes") {
                try TokenRecord(opening: Array(box[..<length]), with: token)
            }
        }
    }

    @Test(
        "a box of the right key that holds no record is refused",
        arguments: [
            "", "null", "[]", "{}", "{", #"{"email":"ada@example.com"}"#,
            #"{"email":"ada@example.com","origin":"https://portal.example.com"}"#,
            #"{"email":"ada@example.com","origin":"https://portal.example.com","issued_at":"0"}"#,
            #"{"email":"ada","origin":"https://portal.example.com","issued_at":0}"#,
            #"{"email":"ada@example.com","origin":"portal.example.com","issued_at":0}"#,
            #"{"email":1,"origin":"https://portal.example.com","issued_at":0}"#,
        ])
    func noRecord(text: String) throws {
        let token = try token()
        var plaintext = Array(text.utf8)
        let box = try token.recordKey.seal(
            wiping: &plaintext, authenticating: Array(token.digest.utf8), random: .system)
        #expect(throws: CryptoError.notAuthentic) { try TokenRecord(opening: box, with: token) }
    }

    @Test("a box reveals nothing of its record")
    func secrecy() throws {
        let box = try record().sealed(for: try token(), random: .counting(from: 0x40))
        let text = String(decoding: box, as: UTF8.self)
        for piece in ["ada", "example", "portal", "orders", "email"] {
            #expect(!text.contains(piece))
        }
    }
}
