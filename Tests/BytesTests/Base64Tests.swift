import Bytes
import Cryptography
import Testing

@Suite
struct Base64Tests {
    /// Bytes, their base64 and their base64url: the examples of RFC 4648 §10, and bytes that need the digits in which
    /// the two encodings differ.
    static let examples: [([UInt8], String, String)] = [
        (Array("f".utf8), "Zg==", "Zg"), (Array("fo".utf8), "Zm8=", "Zm8"), (Array("foo".utf8), "Zm9v", "Zm9v"),
        (Array("foob".utf8), "Zm9vYg==", "Zm9vYg"), (Array("fooba".utf8), "Zm9vYmE=", "Zm9vYmE"),
        (Array("foobar".utf8), "Zm9vYmFy", "Zm9vYmFy"), ([0xFB, 0xFF, 0xBF], "+/+/", "-_-_"),
        ([0xFF, 0xFF, 0xFF, 0xFF], "/////w==", "_____w"), ([0], "AA==", "AA"), ([0, 0, 0], "AAAA", "AAAA"),
    ]

    private func bytes(_ secret: Secret?) -> [UInt8]? {
        secret?.withUnsafeBytes { Array($0) }
    }

    @Test("base64 is decoded and encoded", arguments: Base64Tests.examples)
    func standard(expected: [UInt8], standard: String, url: String) {
        #expect(bytes(Secret(base64: standard)) == expected)
        #expect(expected.withUnsafeBytes(base64) == standard)
    }

    @Test("base64url is decoded and encoded", arguments: Base64Tests.examples)
    func url(expected: [UInt8], standard: String, url: String) {
        #expect(bytes(Secret(base64URL: url)) == expected)
        #expect(Secret(copying: expected).withUnsafeBytes(base64URL) == url)
    }

    @Test("no bytes are encoded as an empty text")
    func empty() {
        #expect(Secret(copying: []).withUnsafeBytes(base64URL) == "")
        #expect([UInt8]().withUnsafeBytes(base64) == "")
        #expect(base64(UnsafeRawBufferPointer(start: nil, count: 0)) == "")
    }

    @Test("every byte at every position is encoded and decoded", arguments: 1...5)
    func everyByte(count: Int) {
        for byte in UInt8.min ... .max {
            for position in 0..<count {
                var expected = [UInt8](repeating: 0xA5, count: count)
                expected[position] = byte
                let text = Secret(copying: expected).withUnsafeBytes(base64URL)
                #expect(bytes(Secret(base64URL: text)) == expected)
                #expect(bytes(Secret(base64: expected.withUnsafeBytes(base64))) == expected)
            }
        }
    }

    @Test(
        "a text that is not base64 is refused",
        arguments: [
            "", "Z", "Zg", "Zg=", "Zm9", "Zm9vY", "Zm9vYg", "Zm9vYg=", "Zg===", "Zm9v=", "Zm9v====", "====", "===", "=",
            "A===", "=AAA", "A=AA", "AA=A", "Zg==Zg==", "Zm8=Zm8=", "Z===", "Zm9v\n", "\nZm9v", "Zm9v\r\n", " Zm9v",
            "Zm9v ", "Zm9 v", "Zm9v    ", "    Zm9v", "Zm 9vYg=", "Zg==\n\n\n\n", "-_-_", "Zm9-", "----", "Zm9v----",
            "Zm9.", "Zm9!", "Zm9*", "Zm9:", "Zm9é", "Zm9v\0\0\0\0", "\0\0\0\0", "Zg=\0", "Zm9ö", "Ｚm9v",
            "Zg==\u{7F}\u{7F}\u{7F}\u{7F}",
        ])
    func refused(text: String) {
        #expect(Secret(base64: text) == nil)
    }

    @Test(
        "a text that is not base64url is refused",
        arguments: [
            "", "Z", "Zm9vY", "Zg==", "Zm8=", "Zg=", "=", "+/+/", "Zm9+", "Zm9/", "Zm9v\n", " Zm9v", "Zm9v ", "Zm 9",
            "Zm9v\0", "Zm9.", "Zm9!", "Zm9é", "Zm9v,", "Z\u{7F}", "%2D",
        ])
    func refusedURL(text: String) {
        #expect(Secret(base64URL: text) == nil)
    }

    @Test("a truncated text is decoded if it has only whole bytes, and refused otherwise")
    func beginnings() {
        let text = String(repeating: "A", count: 16)
        for length in 1...text.utf8.count {
            let beginning = String(text.prefix(length))
            #expect((Secret(base64: beginning) != nil) == length.isMultiple(of: 4), "\(beginning)")
            // One character has six bits: too few for a byte.
            #expect((Secret(base64URL: beginning) != nil) == (length % 4 != 1), "\(beginning)")
        }
    }
}
