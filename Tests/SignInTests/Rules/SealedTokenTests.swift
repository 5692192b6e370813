import Bytes
import Cryptography
import TestSupport
import Testing

@testable import SignIn

@Suite
struct SealedTokenTests {
    private static let keys = StoreHarness.tokenKeys

    private func token(from start: UInt8) throws -> LoginToken {
        try LoginToken(random: .counting(from: start))
    }

    @Test("a token is sealed as another implementation seals it")
    func knownAnswer() throws {
        // `k1`, a space, and AES-256-GCM with the nonce 40 to 4b and the digest of the token as additional data. The key is
        // the HMAC of the bytes e0 to ff and `postern exchange token 2` with HKDF-Expand of k1 for `postern token 2`. The
        // plaintext is the bytes 00 to 1f.
        let expected = [
            "6b3120404142434445464748494a4bd9a53e095b3fc0571c94846c59339389764e299d91fb636ea1b2ce8496cc54d90d",
            "20cee500be946f6480641455be13aa",
        ].joined()
        let (mailed, exchange) = (try token(from: 0), try token(from: 0xE0))
        let box = try mailed.sealed(for: exchange, by: SealedTokenTests.keys, random: .counting(from: 0x40))
        #expect(hexadecimal(box) == expected)
        #expect(box.count == 63)
        let opened = try LoginToken(sealed: [UInt8](hex: expected), for: exchange, by: SealedTokenTests.keys)
        #expect(opened.text == "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")
        #expect(opened.digest == "ea866a757e4c38babfa8127cbe9a409d3e1f93a00ff1488ff735fcf917afffd0")
    }

    @Test("the exchange token opens the box, as often as it is tried, even if it was parsed from a link")
    func roundTrip() throws {
        for _ in 0..<20 {
            let (mailed, exchange) = (try LoginToken(random: .system), try LoginToken(random: .system))
            let box = try mailed.sealed(for: exchange, by: SealedTokenTests.keys, random: .system)
            #expect(try LoginToken(sealed: box, for: exchange, by: SealedTokenTests.keys).text == mailed.text)
            let read = try #require(LoginToken(parsing: exchange.text))
            #expect(try LoginToken(sealed: box, for: read, by: SealedTokenTests.keys).digest == mailed.digest)
            #expect(try LoginToken(sealed: box, for: read, by: SealedTokenTests.keys).id == mailed.id)
        }
    }

    @Test("the same token is sealed differently each time")
    func nonces() throws {
        let (mailed, exchange) = (try token(from: 0), try token(from: 0xE0))
        var boxes: Set<[UInt8]> = []
        for _ in 0..<100 { boxes.insert(try mailed.sealed(for: exchange, by: SealedTokenTests.keys, random: .system)) }
        #expect(boxes.count == 100)
    }

    @Test("no other token opens the box, not even the sealed token itself")
    func otherTokens() throws {
        let (mailed, exchange) = (try token(from: 0), try token(from: 0xE0))
        let box = try mailed.sealed(for: exchange, by: SealedTokenTests.keys, random: .system)
        var others = [mailed, try token(from: 0xDF), try token(from: 0xE1)]
        for _ in 0..<20 { others.append(try LoginToken(random: .system)) }
        for other in others {
            #expect(throws: CryptoError.notAuthentic) {
                try LoginToken(sealed: box, for: other, by: SealedTokenTests.keys)
            }
        }
    }

    @Test("a box with any changed bit does not open")
    func tampering() throws {
        let (mailed, exchange) = (try token(from: 0), try token(from: 0xE0))
        let box = try mailed.sealed(for: exchange, by: SealedTokenTests.keys, random: .system)
        for index in box.indices {
            for bit in 0..<8 {
                var changed = box
                changed[index] ^= 1 << bit
                #expect(throws: CryptoError.self, "byte \(index), bit \(bit)") {
                    try LoginToken(sealed: changed, for: exchange, by: SealedTokenTests.keys)
                }
            }
        }
    }

    @Test("a truncated or extended box does not open")
    func lengths() throws {
        let (mailed, exchange) = (try token(from: 0), try token(from: 0xE0))
        let box = try mailed.sealed(for: exchange, by: SealedTokenTests.keys, random: .system)
        for length in box.indices {
            #expect(throws: CryptoError.notAuthentic, "\(length) bytes") {
                try LoginToken(sealed: Array(box[..<length]), for: exchange, by: SealedTokenTests.keys)
            }
            #expect(throws: CryptoError.self, "without the first \(length)") {
                try LoginToken(sealed: Array(box[(length + 1)...]), for: exchange, by: SealedTokenTests.keys)
            }
        }
        for whole in [box + [0], [0] + box, box + box] {
            #expect(throws: CryptoError.self) {
                try LoginToken(sealed: whole, for: exchange, by: SealedTokenTests.keys)
            }
        }
    }

    @Test("a box of the right key that holds no token is refused", arguments: [0, 1, 31, 33, 43, 64])
    func noToken(byteCount: Int) throws {
        let exchange = try token(from: 0xE0)
        // The key is the right one: a box of 32 bytes opens.
        for count in [32, byteCount] {
            var plaintext = [UInt8](repeating: 7, count: count)
            let box = try SealedTokenTests.keys.seal(
                wiping: &plaintext, .exchange, for: exchange, random: .system)
            if count == 32 {
                let opened = try LoginToken(sealed: box, for: exchange, by: SealedTokenTests.keys)
                #expect(opened.text == "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc")
            } else {
                #expect(throws: CryptoError.notAuthentic) {
                    try LoginToken(sealed: box, for: exchange, by: SealedTokenTests.keys)
                }
            }
        }
    }

    @Test("boxes of tokens and of records do not open as each other")
    func purposes() throws {
        let (mailed, exchange) = (try token(from: 0), try token(from: 0xE0))
        let box = try mailed.sealed(for: exchange, by: SealedTokenTests.keys, random: .system)
        #expect(throws: CryptoError.notAuthentic) {
            try TokenRecord(opening: box, with: exchange, by: SealedTokenTests.keys)
        }
        #expect(throws: CryptoError.notAuthentic) {
            try TokenRecord(opening: box, with: mailed, by: SealedTokenTests.keys)
        }
        var plaintext = [UInt8](repeating: 7, count: 32)
        let record = try SealedTokenTests.keys.seal(wiping: &plaintext, .record, for: exchange, random: .system)
        #expect(throws: CryptoError.notAuthentic) {
            try LoginToken(sealed: record, for: exchange, by: SealedTokenTests.keys)
        }
    }

    @Test("without randomness nothing is sealed")
    func noRandomness() throws {
        let broken = RandomBytes { (_) throws(CryptoError) in throw .noRandomness }
        let (mailed, exchange) = (try token(from: 0), try token(from: 0xE0))
        #expect(throws: CryptoError.noRandomness) {
            try mailed.sealed(for: exchange, by: SealedTokenTests.keys, random: broken)
        }
    }

    // MARK: - For a code handle

    private func handle(from start: UInt8) throws -> CodeHandle {
        try CodeHandle(random: .counting(from: start))
    }

    private func ring(_ entries: [(String, UInt8)], purpose: String = "code") throws -> KeyRing {
        let entries = entries.map { KeyRing.Entry(id: $0.0, key: Secret(copying: [UInt8](repeating: $0.1, count: 32))) }
        return KeyRing(entries, purpose: purpose)
    }

    @Test("a token sealed for a code handle opens with that handle and the deployment's key, and not otherwise")
    func forHandle() throws {
        let (mailed, handle) = (try token(from: 0), try self.handle(from: 0xE0))
        let ring = try ring([("k1", 1)])
        let box = try mailed.sealed(for: handle, by: ring, random: .system)
        #expect(try LoginToken(sealed: box, for: handle, by: ring).text == mailed.text)
        let rotated = try self.ring([("k2", 2), ("k1", 1)])
        #expect(try LoginToken(sealed: box, for: handle, by: rotated).digest == mailed.digest)

        for other in [try self.handle(from: 0), try self.handle(from: 0xE1), try CodeHandle(random: .system)] {
            #expect(throws: CryptoError.notAuthentic) {
                try LoginToken(sealed: box, for: other, by: ring)
            }
        }
        for foreign in [try self.ring([("k1", 2)]), try self.ring([("k1", 1)], purpose: "other")] {
            #expect(throws: CryptoError.notAuthentic) {
                try LoginToken(sealed: box, for: handle, by: foreign)
            }
        }
        #expect(throws: CryptoError.unknownKey(id: "k1")) {
            try LoginToken(sealed: box, for: handle, by: try self.ring([("k2", 2)]))
        }
        #expect(throws: CryptoError.notAuthentic) {
            try LoginToken(sealed: Array("k2".utf8) + box.dropFirst(2), for: handle, by: rotated)
        }
        // Without the deployment's key the handle alone is not enough.
        #expect(throws: CryptoError.notAuthentic) {
            try LoginToken(sealed: box, for: token(from: 0xE0), by: SealedTokenTests.keys)
        }
        for index in box.indices {
            var changed = box
            changed[index] ^= 1
            #expect(throws: CryptoError.self, "byte \(index)") {
                try LoginToken(sealed: changed, for: handle, by: ring)
            }
        }
    }

    @Test("a box for a handle that holds no token is refused", arguments: [0, 31, 33])
    func forHandleNoToken(byteCount: Int) throws {
        let own = try self.handle(from: 0xE0)
        let ring = try ring([("k1", 1)])
        var plaintext = [UInt8](repeating: 7, count: byteCount)
        let box = try ring.seal(wiping: &plaintext, authenticating: Array(own.digest.utf8), random: .system)
        let stored = NamedBox(keyID: "k1", box: box).bytes
        #expect(throws: CryptoError.notAuthentic) { try LoginToken(sealed: stored, for: own, by: ring) }
    }
}
