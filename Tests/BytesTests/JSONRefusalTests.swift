import Bytes
import Testing

@Suite
struct JSONRefusalTests {
    private func isMalformed(_ bytes: [UInt8]) -> Bool {
        do {
            _ = try JSONValue(parsing: bytes)
            return false
        } catch {
            if case .malformed = error { return true }
            return false
        }
    }

    @Test(
        "a text that is not a number is refused",
        arguments: [
            "+1", "++1", "-", "--1", "- 1", "-a", "01", "-01", "012", "00", "0x1", "0x", "1.", "-2.", "1.a", ".5",
            "-.5", "0.1.2", "0.e1", "2.e3", "2.e+3", "2.e-3", "0e", "0E", "0e+", "0E-", "1e", "1e+", "1.0e", "1.0e+",
            "1.0e-", "1ea", "1eE2", "0e+-1", "1e1.5", "1e1e1", "1 000", "1_000", "1,000", "1a", "-1x", "1+2", "1-2",
            "Inf", "Infinity", "-Infinity", "+Inf", "NaN", "-NaN", "nan", "１", "-１", "½", "1e５", "1f", "0b1", "1n",
            "#1",
        ])
    func number(text: String) {
        #expect(isMalformed(Array(text.utf8)))
        #expect(isMalformed(Array("[\(text)]".utf8)))
        #expect(isMalformed(Array("{\"a\":\(text)}".utf8)))
    }

    @Test(
        "a text that is not a string is refused",
        arguments: [
            "\"", "\"a", "'a'", "a", "`a`", "“a”", "\"a\"\"", "\"\"a", "\"a\nb\"", "\"a\tb\"", "\"a\rb\"", "\"\u{0}\"",
            "\"\u{1F}\"", "\"\u{8}\"", #""\""#, #""\x00""#, #""\a""#, #""\'""#, #""\0""#, #""\v""#, #""\U0041""#,
            #""\🌀""#, #""\u""#, #""\u0""#, #""\u00""#, #""\u00A""#, #""\u00G0""#, #""\uqqqq""#, #""\u+041""#,
            #""\u 041""#, #""\u-041""#, #""\u００４１""#, #""\u{41}""#, #"\u0020"a""#, #""\"#, #""\\\"#, #""\u004"#,
            "\"\\\n\"",
        ])
    func string(text: String) {
        #expect(isMalformed(Array(text.utf8)))
        #expect(isMalformed(Array("[\(text)]".utf8)))
        #expect(isMalformed(Array("{\(text):1}".utf8)))
    }

    @Test(
        "a surrogate without its other half is refused",
        arguments: [
            #""\uD800""#, #""\uDBFF""#, #""\uDC00""#, #""\uDFFF""#, #""\ud800abc""#, #""abc\udc00""#, #""\uD800\n""#,
            #""\uD800\\""#, #""\uD800\u0041""#, #""\uD888\u1234""#, #""\uD800\uD800""#, #""\uD800\uD800\uDC00""#,
            #""\uDC00\uD800""#, #""\uDd1e\uD834""#, #""\uD800\uE000""#, #""\uD800\u""#, #""\uD800\uDC0""#,
            #""\uD834\uDd""#, #""\uD800\"#, #""\uD800\u"#, #""\uD800 \uDC00""#, #""\uD800/uDC00""#, #""\uDBFF\uDBFF""#,
        ])
    func surrogate(text: String) {
        #expect(isMalformed(Array(text.utf8)))
    }

    @Test(
        "a text that is not an array is refused",
        arguments: [
            "[", "]", "[1", "[1,", "[,", "[1,]", "[1,,2]", "[,1]", "[,]", "[1 2]", "[1;2]", "[1:2]", "[1]]", "[1],",
            "[[1]", "[3[4]]", "[1}", "[\"\": 1]", "[\"a\",\n", "[x", "[*]", "[1]x", "[1]2", "[][]", "[1,\n1\n,1",
            "[fals]", "[nul]", "[tru]", "[null", "[true", "[\u{C}]", "[\u{B}]", "[\u{A0}]", "[\u{2060}]", "[\u{85}1]",
            "[\u{3000}]", "[\u{0}]", "[1]\u{0}", "(1)", "<1>",
        ])
    func array(text: String) {
        #expect(isMalformed(Array(text.utf8)))
    }

    @Test(
        "a text that is not an object is refused",
        arguments: [
            "{", "}", "{]", "{1:1}", "{null:1}", "{a:1}", "{'a':1}", "{:1}", "{,}", "{\"a\"}", "{\"a\"", "{\"a\":",
            "{\"a\":}", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{\"a\":1,,}", "{\"a\":1,,\"b\":2}", "{,\"a\":1}",
            "{\"a\" 1}", "{\"a\" b}", "{\"a\",1}", "{\"a\"::1}", "{\"a\":1 \"b\":2}", "{\"a\":1;\"b\":2}",
            "{\"a\":1 2}", "{\"a\":1, \"b\"}", "{\"a\":1}}", "{\"a\":1}{}", "{\"a\":1},", "{\"a\":1}#", "{\"a\":1}//",
            "{\"a\":1}/**/", "/**/{}", "{\"a\":/**/1}", "{\"a\":1 //\n}", "{[:1}", "{\"a\":1}\u{0}", "{\u{0}}",
            "{\"a\":tru", "{🇨🇭}", "{\"a\"=1}", "{\"a\"=>1}",
        ])
    func object(text: String) {
        #expect(isMalformed(Array(text.utf8)))
    }

    @Test(
        "a text that is not one of JSON's literals is refused",
        arguments: [
            "True", "TRUE", "False", "Null", "NULL", "nil", "None", "undefined", "t", "tr", "tru", "truee", "truex",
            "true1", "fals", "falsey", "nul", "nulll", "nulla", "null null", "true,", "true false", "yes", "*", "@",
            "å", "\\", "\\u0041", ",", ":", "/", "\u{0}", "\u{FEFF}", "\u{FEFF}{}", "\u{FEFF} {}", "{}\u{FEFF}",
            "\u{A0}{}", "\u{C}{}", "{}\u{B}", "\u{2028}{}",
        ])
    func word(text: String) {
        #expect(isMalformed(Array(text.utf8)))
    }

    @Test("an empty text, or only whitespace, is refused as empty", arguments: ["", " ", "\n", "\t\r\n ", "        "])
    func empty(text: String) {
        #expect(throws: JSONError.empty) { try JSONValue(parsing: Array(text.utf8)) }
    }

    /// Bytes that are not UTF-8 (RFC 3629 §3).
    static let notUTF8: [[UInt8]] = [
        [0x80], [0xBF], [0xC3], [0xC3, 0x28], [0xE2, 0x82], [0xE2, 0x28, 0xA1], [0xF0, 0x9D, 0x84],
        [0xF0, 0x28, 0x8C, 0xBC],
        // Overlong encodings.
        [0xC0, 0x80], [0xC0, 0xAF], [0xC1, 0xBF], [0xE0, 0x80, 0xAF], [0xF0, 0x80, 0x80, 0xAF],
        [0xFC, 0x83, 0xBF, 0xBF, 0xBF, 0xBF],
        // Surrogates, and code points beyond U+10FFFF.
        [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xED, 0xA0, 0x81, 0xED, 0xB0, 0x80], [0xF4, 0x90, 0x80, 0x80],
        [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF], [0xFE, 0xFF], [0xFF, 0xFE],
    ]

    @Test("bytes that are not UTF-8 are refused at any position", arguments: JSONRefusalTests.notUTF8)
    func encoding(bytes: [UInt8]) {
        let quote = UInt8(ascii: "\"")
        for text in [bytes, [quote] + bytes + [quote], Array("[1]".utf8) + bytes, bytes + Array("{}".utf8)] {
            #expect(throws: JSONError.notUTF8) { try JSONValue(parsing: text) }
        }
    }

    @Test("UTF-16 and UTF-32 are refused")
    func otherEncodings() {
        let littleEndian = "[\"é\"]".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        #expect(throws: JSONError.notUTF8) { try JSONValue(parsing: littleEndian) }
        #expect(throws: JSONError.notUTF8) { try JSONValue(parsing: [0xFF, 0xFE] + littleEndian) }
        // ASCII with zero bytes in between is UTF-8, but not JSON.
        #expect(isMalformed("[]".utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }))
        #expect(isMalformed([0x5B, 0, 0, 0, 0x5D, 0, 0, 0]))
    }

    static let offsets: [(String, Int)] = [
        ("x", 0), ("  x", 2), ("{\"a\":1,}", 7), ("[1 2]", 3), ("{\"a\" 1}", 5), ("{\"a\":1", 6), ("[1]]", 3),
        ("[\"é\",x]", 6),
        ("\u{FEFF}{}", 0), ("[\"ab", 4),
    ]

    @Test("an error has the number of bytes before it", arguments: JSONRefusalTests.offsets)
    func offset(text: String, count: Int) {
        #expect(throws: JSONError.malformed(offset: count)) { try JSONValue(parsing: Array(text.utf8)) }
    }

    @Test(
        "an object with a name twice is refused, at any depth and however the name is written",
        arguments: [
            #"{"a":1,"a":1}"#, #"{"a":1,"b":2,"\u0061":3}"#, #"[{"b":{"":0,"":1}}]"#,
            #"{"a":{"x":1},"b":[{"y":1,"z":2,"y":3}]}"#,
            "{" + (0..<40).map { #""n\#($0 % 39)":0"# }.joined(separator: ",") + "}",
        ])
    func repeated(text: String) {
        #expect {
            try JSONValue(parsing: Array(text.utf8))
        } throws: { error in
            if case .repeatedMember? = error as? JSONError { true } else { false }
        }
    }

    @Test("names that Swift treats as equal, and whose bytes differ, are two names")
    func bytes() throws {
        _ = try JSONValue(parsing: Array("{\"\u{E9}\":0,\"e\u{301}\":0}".utf8))
        _ = try JSONValue(parsing: Array(#"{"a":{"a":{"a":0}},"A":0,"":0}"#.utf8))
    }
}
