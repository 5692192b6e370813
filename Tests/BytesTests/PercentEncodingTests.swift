import Testing

@testable import Bytes

@Suite
struct PercentEncodingTests {
    static let encodings: [(String, String)] = [
        ("", ""), ("/", "%2F"), ("a b", "a%20b"), ("a&b=c#d?e", "a%26b%3Dc%23d%3Fe"), ("100%", "100%25"),
        ("%2F", "%252F"), ("+", "%2B"),
        ("é", "%C3%A9"), ("€", "%E2%82%AC"), ("😀", "%F0%9F%98%80"), ("\0\n\u{7F}", "%00%0A%7F"),
        ("\"'<>", "%22%27%3C%3E"),
        ("!*();:@,[]$", "%21%2A%28%29%3B%3A%40%2C%5B%5D%24"), ("aZ09-._~", "aZ09-._~"),
        ("\\^`{|}", "%5C%5E%60%7B%7C%7D"),
    ]

    @Test("a value of a query is encoded once", arguments: PercentEncodingTests.encodings)
    func encoding(text: String, encoded: String) {
        #expect(percentEncoded(text) == encoded)
    }

    @Test("all but unreserved characters are escaped (RFC 3986 §2.3)")
    func everyCharacter() {
        let unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
        for byte in UInt8(0)..<0x80 {
            let text = String(Unicode.Scalar(byte))
            let digits = String(byte, radix: 16, uppercase: true)
            let escape = "%" + (digits.count == 1 ? "0" : "") + digits
            #expect(percentEncoded(text) == (unreserved.utf8.contains(byte) ? text : escape))
        }
    }

    static let decodings: [(String, String)] = [
        ("", ""), ("a", "a"), ("%41", "A"), ("%2f%2F", "//"), ("%25", "%"), ("%252F", "%2F"), ("a%20b", "a b"),
        ("+", "+"), ("%C3%A9", "é"),
        ("%", "%"), ("%%", "%%"), ("%4", "%4"), ("%zz", "%zz"), ("%4g", "%4g"), ("%g4", "%g4"), ("%%41", "%A"),
        ("%4%41", "%4A"), ("100%", "100%"),
        ("%00", "\0"), ("% 41", "% 41"), ("%+1", "%+1"), ("%-1", "%-1"), ("%0x", "%0x"),
    ]

    @Test(
        "escapes are decoded once, and a % that does not start one is kept", arguments: PercentEncodingTests.decodings)
    func decoding(text: String, decoded: String) {
        #expect(percentDecoded(Array(text.utf8)) == Array(decoded.utf8))
    }

    @Test("encoded bytes are decoded to the same bytes")
    func roundTrip() {
        for byte in UInt8.min ... .max {
            let digits = String(byte, radix: 16)
            let escape = "%" + (digits.count == 1 ? "0" : "") + digits
            #expect(percentDecoded(Array(escape.utf8)) == [byte])
            #expect(percentDecoded(Array(escape.uppercased().utf8)) == [byte])
        }
        let text = "/a b?c=é&d=%2F#e\u{0}😀"
        #expect(percentDecoded(Array(percentEncoded(text).utf8)) == Array(text.utf8))
    }

    @Test("truncated escapes are kept as they are", arguments: 0...9)
    func beginnings(length: Int) {
        let whole = ["", "%", "%4", "A", "A%", "A%4", "AB", "AB%", "AB%4", "ABC"]
        #expect(percentDecoded(Array("%41%42%43".utf8.prefix(length))) == Array(whole[length].utf8))
    }
}
