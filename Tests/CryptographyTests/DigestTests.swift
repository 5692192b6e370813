import Bytes
import Cryptography
import TestSupport
import Testing

@Suite
struct DigestTests {
    /// Messages, their SHA-1 and their SHA-256: NIST's examples for FIPS 180, and every byte once.
    static let examples: [([UInt8], String, String)] = [
        (
            [], "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        ),
        (
            Array("abc".utf8), "a9993e364706816aba3e25717850c26c9cd0d89d",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        ),
        (
            Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            Array(
                ("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                    + "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu").utf8),
            "a49b2446a02c645bf419f995b67091253a04a259",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
        (
            [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000), "34aa973cd4c4daa4f61eeb2bdbad27316534016f",
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        ),
        (
            Array(UInt8.min ... .max), "4916d6bdb7f78e6803698cab32d1586ea457dfc8",
            "40aff2e9d2d8922e47afd4648e6967497158785fbd1da870e7110266bf944880"
        ),
    ]

    @Test("digests match those of FIPS 180-4", arguments: DigestTests.examples.indices)
    func knownAnswers(index: Int) throws {
        let (message, sha1, sha256) = DigestTests.examples[index]
        #expect(Digest.sha1.hex(of: message) == sha1)
        #expect(Digest.sha256.hex(of: message) == sha256)
    }

    static let hexadecimals: [([UInt8], String)] = [
        ([], ""), ([0], "00"), ([0x0F], "0f"), ([0xF0], "f0"), ([0xFF], "ff"), ([0x9A, 0xAB], "9aab"),
        ([1, 2, 3], "010203"),
    ]

    @Test("hexadecimal has two lower-case digits for each byte", arguments: DigestTests.hexadecimals)
    func digits(bytes: [UInt8], text: String) {
        #expect(hexadecimal(bytes) == text)
        #expect(hexadecimal(bytes[...]) == text)
    }
}
