import Bytes
import Cryptography
import TestSupport
import Testing

@Suite
struct SealingKeyTests {
    /// An example of McGrew and Viega's specification of GCM, in hexadecimal.
    struct Example: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let key: String
        let nonce: String
        let plaintext: String
        var associated = ""
        let ciphertext: String
        let tag: String
    }

    static let examples = [
        Example(
            testDescription: "test case 13", key: String(repeating: "00", count: 32),
            nonce: String(repeating: "00", count: 12),
            plaintext: "", ciphertext: "", tag: "530f8afbc74536b9a963b4f1c4cb738b"),
        Example(
            testDescription: "test case 14", key: String(repeating: "00", count: 32),
            nonce: String(repeating: "00", count: 12),
            plaintext: String(repeating: "00", count: 16), ciphertext: "cea7403d4d606b6e074ec5d3baf39d18",
            tag: "d0d1c8a799996bf0265b98b5d48ab919"),
        Example(
            testDescription: "test case 15", key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            nonce: "cafebabefacedbaddecaf888",
            plaintext: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
            ciphertext: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
            tag: "b094dac5d93471bdec1a502270e3cc6c"),
        Example(
            testDescription: "test case 16", key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            nonce: "cafebabefacedbaddecaf888",
            plaintext: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            associated: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            ciphertext: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662", tag: "76fc6ece0f4e1768cddf8853bb2d551b"),
    ]

    @Test("a box is nonce, ciphertext and tag of AES-256-GCM", arguments: SealingKeyTests.examples)
    func knownAnswers(example: Example) throws {
        let key = SealingKey(Secret(copying: [UInt8](hex: example.key)))
        let nonce = [UInt8](hex: example.nonce)
        let random = RandomBytes { (buffer) throws(CryptoError) in buffer.copyBytes(from: nonce) }
        var plaintext = [UInt8](hex: example.plaintext)
        let associated = [UInt8](hex: example.associated)
        let box = try key.seal(wiping: &plaintext, authenticating: associated, random: random)
        #expect(hexadecimal(box) == example.nonce + example.ciphertext + example.tag)
        let opened = try key.open(box, authenticating: associated)
        #expect(opened.withUnsafeBytes { hexadecimal(Array($0)) } == example.plaintext)
    }

    private func key(_ start: UInt8 = 0) throws -> SealingKey {
        SealingKey(try RandomBytes.counting(from: start).secret(count: 32))
    }

    private func box(_ text: String, authenticating associated: String = "", under key: SealingKey) throws -> [UInt8] {
        var plaintext = Array(text.utf8)
        return try key.seal(
            wiping: &plaintext, authenticating: Array(associated.utf8), random: .counting(from: 0x40))
    }

    @Test(
        "a box opens to the plaintext that was sealed, of any length",
        arguments: [0, 1, 15, 16, 17, 255, 256, 1000, 65_536])
    func roundTrip(count: Int) throws {
        let key = try key()
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        var plaintext = bytes
        let box = try key.seal(wiping: &plaintext, authenticating: [1, 2, 3], random: .system)
        #expect(plaintext.isEmpty)
        #expect(box.count == count + SealingKey.overheadByteCount)
        let opened = try key.open(box, authenticating: [1, 2, 3])
        #expect(opened.withUnsafeBytes { Array($0) } == bytes)
    }

    @Test("a box with any bit changed does not open")
    func tampering() throws {
        let key = try key()
        let box = try box("the link", authenticating: "the id", under: key)
        for index in box.indices {
            for bit in 0..<8 {
                var changed = box
                changed[index] ^= 1 << bit
                #expect(throws: CryptoError.notAuthentic, "byte \(index), bit \(bit)") {
                    try key.open(changed, authenticating: Array("the id".utf8))
                }
            }
        }
        // The refusals have no effect on later calls.
        let opened = try key.open(box, authenticating: Array("the id".utf8))
        #expect(opened.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } == "the link")
    }

    @Test("a truncated or extended box does not open")
    func length() throws {
        let key = try key()
        for text in ["", "the link"] {
            let box = try box(text, under: key)
            for count in 0..<box.count {
                #expect(throws: CryptoError.notAuthentic, "\(count) bytes") {
                    try key.open(Array(box[..<count]), authenticating: [])
                }
            }
            #expect(throws: CryptoError.notAuthentic) { try key.open(box + [0], authenticating: []) }
            #expect(throws: CryptoError.notAuthentic) { try key.open([0] + box, authenticating: []) }
        }
    }

    @Test(
        "a box does not open with other associated bytes",
        arguments: ["", "the i", "the id ", "The id", "the id\0", "id"])
    func associated(other: String) throws {
        let key = try key()
        let box = try box("the link", authenticating: "the id", under: key)
        #expect(throws: CryptoError.notAuthentic) { try key.open(box, authenticating: Array(other.utf8)) }
    }

    @Test("associated bytes are not part of the plaintext")
    func associatedOnly() throws {
        let key = try key()
        let box = try box("", authenticating: "the id", under: key)
        let opened = try key.open(box, authenticating: Array("the id".utf8))
        #expect(opened.count == 0)
        #expect(throws: CryptoError.notAuthentic) { try key.open(box, authenticating: []) }
    }

    @Test("a box does not open under another key")
    func otherKey() throws {
        let box = try box("the link", under: try key())
        #expect(throws: CryptoError.notAuthentic) { try key(1).open(box, authenticating: []) }
    }

    @Test("no two boxes have the same nonce")
    func nonces() throws {
        let key = try key()
        var nonces: Set<[UInt8]> = []
        for _ in 0..<1000 {
            var plaintext: [UInt8] = [1]
            let box = try key.seal(wiping: &plaintext, authenticating: [], random: .system)
            nonces.insert(Array(box.prefix(12)))
        }
        #expect(nonces.count == 1000)
    }

    @Test("without randomness nothing is sealed, and the plaintext is still wiped")
    func noRandomness() throws {
        let key = try key()
        let broken = RandomBytes { (_) throws(CryptoError) in throw .noRandomness }
        var plaintext = Array("the link".utf8)
        #expect(throws: CryptoError.noRandomness) {
            try key.seal(wiping: &plaintext, authenticating: [], random: broken)
        }
        #expect(plaintext.isEmpty)
    }

    @Test("one key seals and opens from many tasks at once")
    func concurrency() async throws {
        let key = try key()
        let failureCount = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in UInt8(0)..<16 {
                group.addTask {
                    var failureCount = 0
                    for round in UInt8(0)..<100 {
                        var plaintext = [task, round]
                        let box = try key.seal(wiping: &plaintext, authenticating: [task], random: .system)
                        let opened = try key.open(box, authenticating: [task])
                        if opened.withUnsafeBytes({ Array($0) }) != [task, round] { failureCount += 1 }
                    }
                    return failureCount
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(failureCount == 0)
    }
}
