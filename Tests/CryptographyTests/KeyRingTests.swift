import Bytes
import Cryptography
import TestSupport
import Testing

@Suite
struct KeyRingTests {
    private func entry(_ id: String, from start: UInt8) throws -> KeyRing.Entry {
        KeyRing.Entry(id: id, key: try RandomBytes.counting(from: start).secret(count: 32))
    }

    private func box(_ text: String, by ring: KeyRing) throws -> [UInt8] {
        var plaintext = Array(text.utf8)
        let box = try ring.seal(
            wiping: &plaintext, authenticating: Array("beside".utf8), random: .counting(from: 0x40))
        #expect(plaintext.isEmpty)
        return box
    }

    private func open(_ box: [UInt8], _ id: String, by ring: KeyRing) throws -> String {
        let opened = try ring.open(box, keyID: id, authenticating: Array("beside".utf8))
        return opened.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    @Test("boxes are AES-256-GCM under the key that HKDF-Expand derives for the purpose")
    func knownAnswer() throws {
        let ring = KeyRing([try entry("k1", from: 0)], purpose: "purpose")
        let box = try box("a secret", by: ring)
        // From another implementation: key 00 to 1f, nonce 40 to 4b, associated bytes `beside`.
        #expect(hexadecimal(box) == "404142434445464748494a4b06908188b4665f760003ab70cee9ec942f62ee819b5af783")
    }

    @Test("the first key seals, and all of them open, in any order")
    func rotation() throws {
        let old = try entry("2024", from: 0)
        let new = try entry("2025", from: 1)
        let before = KeyRing([old], purpose: "mail")
        let during = KeyRing([new, old], purpose: "mail")
        let after = KeyRing([new], purpose: "mail")
        #expect(before.sealingKeyID == "2024")
        #expect(during.sealingKeyID == "2025")
        let oldBox = try box("old", by: before)
        let newBox = try box("new", by: during)
        #expect(try open(oldBox, "2024", by: during) == "old")
        #expect(try open(newBox, "2025", by: during) == "new")
        #expect(try open(newBox, "2025", by: after) == "new")
        #expect(throws: CryptoError.unknownKey(id: "2024")) { try open(oldBox, "2024", by: after) }
    }

    @Test("a box does not open under the name of another key")
    func wrongName() throws {
        let ring = KeyRing([try entry("a", from: 0), try entry("b", from: 1)], purpose: "mail")
        let box = try box("text", by: ring)
        #expect(throws: CryptoError.notAuthentic) { try open(box, "b", by: ring) }
    }

    @Test("a name that differs in any way, or is empty, is unknown", arguments: ["", "K1", "k", "k12", "k1 "])
    func unknown(id: String) throws {
        let ring = KeyRing([try entry("k1", from: 0)], purpose: "mail")
        let box = try box("text", by: ring)
        #expect(throws: CryptoError.unknownKey(id: id)) { try open(box, id, by: ring) }
    }

    @Test(
        "a box does not open with the same key for another purpose",
        arguments: ["", "mai", "mail ", "Mail", "mail\u{1}"])
    func otherPurpose(purpose: String) throws {
        let key = try entry("k1", from: 0)
        let box = try box("text", by: KeyRing([key], purpose: "mail"))
        let other = KeyRing([key], purpose: purpose)
        #expect(throws: CryptoError.notAuthentic) { try open(box, "k1", by: other) }
    }

    @Test("a box does not open with the configured key itself")
    func derived() throws {
        let key = try entry("k1", from: 0)
        let box = try box("text", by: KeyRing([key], purpose: "mail"))
        #expect(throws: CryptoError.notAuthentic) {
            try SealingKey(key.key).open(box, authenticating: Array("beside".utf8))
        }
    }

    @Test("a box does not open with other associated bytes")
    func associated() throws {
        let ring = KeyRing([try entry("k1", from: 0)], purpose: "mail")
        let box = try box("text", by: ring)
        #expect(throws: CryptoError.notAuthentic) {
            try ring.open(box, keyID: "k1", authenticating: Array("Beside".utf8))
        }
    }
}
