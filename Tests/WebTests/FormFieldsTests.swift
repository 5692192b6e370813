import Testing
import TestSupport

@testable import Web

@Suite
struct FormFieldsTests {
    /// A form, a field's name, and its value.
    struct Case: Sendable, CustomTestStringConvertible {
        let form: String
        let name: String
        let value: String?

        init(_ form: String, _ name: String, _ value: String?) {
            self.form = form
            self.name = name
            self.value = value
        }

        var testDescription: String { "\(form): \(name)" }
    }

    private static let cases: [Case] = [
        Case("", "token", nil), Case("", "", nil), Case("token", "token", ""), Case("token=", "token", ""),
        Case("token=x", "token", "x"), Case("token=x", "Token", nil), Case("token=x", "toke", nil),
        Case("token=x&again=1", "token", "x"), Case("token=x&again=1", "again", "1"),
        Case("again=1&token=x", "token", "x"), Case("token=x&", "token", "x"), Case("&token=x", "token", "x"),
        Case("&&&token=x&&&", "token", "x"), Case("token=x;again=1", "token", "x;again=1"),
        Case("token=x;again=1", "again", nil), Case("?token=x", "token", nil), Case("token=a=b", "token", "a=b"),
        Case("token==", "token", "="), Case("token=x\r\n", "token", "x\r\n"), Case(" token=x", "token", nil),
        // Blanks and escapes, in names and in values.
        Case("token=a+b", "token", "a b"), Case("token=+", "token", " "), Case("token=%2B", "token", "+"),
        Case("token=%2b", "token", "+"), Case("token=a%20b", "token", "a b"), Case("token=%26", "token", "&"),
        Case("token=%3D", "token", "="), Case("to%6Ben=x", "token", "x"), Case("to+ken=x", "to ken", "x"),
        Case("a%3Db=x", "a=b", "x"), Case("token%3Dx", "token", nil), Case("token%3Dx", "token=x", ""),
        Case("a%26token=x", "token", nil), Case("token=%25", "token", "%"), Case("token=%2541", "token", "%41"),
        Case("token=%C3%A9", "token", "é"), Case("token=é", "token", "é"), Case("token=%00", "token", "\0"),
        // A percent sign that does not start an escape stays.
        Case("token=%", "token", "%"), Case("token=%4", "token", "%4"), Case("token=%zz", "token", "%zz"),
        Case("token=%4g", "token", "%4g"), Case("token=%g4", "token", "%g4"), Case("token=%%41", "token", "%A"),
        Case("token=%u0041", "token", "%u0041"), Case("token=% 41", "token", "% 41"), Case("token=%+1", "token", "% 1"),
        Case("token=%-1", "token", "%-1"), Case("token=%0x41", "token", "%0x41"),
        // Invalid UTF-8 becomes U+FFFD.
        Case("token=%FF", "token", "\u{FFFD}"), Case("token=%C3", "token", "\u{FFFD}"),
        // A repeated field is ambiguous.
        Case("token=x&token=x", "token", nil), Case("token=x&token=y", "token", nil),
        Case("token=x&token", "token", nil), Case("token=&token=x", "token", nil),
        Case("token=x&to%6ben=x", "token", nil), Case("token=x&TOKEN=y", "token", "x"),
        Case("token=x&again=1&again=1", "token", "x"), Case("token=x&token[]=y", "token", "x"),
        // A name may be empty.
        Case("=x", "", "x"), Case("=", "", ""), Case("=x&token=y", "token", "y"), Case("==", "", "="),
        Case("=x&=y", "", nil),
    ]

    @Test("a field is found by its name, decoded once", arguments: FormFieldsTests.cases)
    func field(field: Case) {
        let fields = FormFields(parsing: Array(field.form.utf8))
        #expect(fields[field.name] == field.value)
    }

    @Test("only the first 32 fields are read")
    func bounded() {
        let many = (0..<10_000).map { "f\($0)=\($0)" }.joined(separator: "&")
        let fields = FormFields(parsing: Array(many.utf8))
        #expect(fields["f0"] == "0")
        #expect(fields["f31"] == "31")
        #expect(fields["f32"] == nil)
        #expect(fields["f9999"] == nil)
        #expect(FormFields(parsing: Array("token=x&\(many)".utf8))["token"] == "x")
        // Separators alone do not count as fields.
        let blank = String(repeating: "&", count: 10_000)
        #expect(FormFields(parsing: Array("\(blank)token=x".utf8))["token"] == "x")
        #expect(FormFields(parsing: Array(String(repeating: "=", count: 10_000).utf8))["token"] == nil)
        #expect(FormFields(parsing: Array(String(repeating: "%", count: 10_000).utf8))["token"] == nil)
    }

    @Test("a form that is cut off at any length is read up to there")
    func cutOff() {
        let form = Array("token=%41%42&again=1".utf8)
        let tokens = ["", "%", "%4", "A", "A%", "A%4", "AB"]
        for length in 0...form.count {
            let fields = FormFields(parsing: Array(form[..<length]))
            // `token` has five bytes, `token=` six, and the whole value twelve.
            let expected: String? = length < 5 ? nil : tokens[min(max(length - 6, 0), 6)]
            #expect(fields["token"] == expected, "\(length) bytes")
            let again: String? = length < 18 ? nil : length < 20 ? "" : "1"
            #expect(fields["again"] == again, "\(length) bytes")
        }
    }

    @Test("arbitrary bytes are read without a crash, and yield no long values")
    func anyBytes() {
        var random = SeededGenerator(seed: 1866)
        let awkward = Array("&=+%;0aAfFgG\0".utf8) + [0x80, 0xC3, 0xED, 0xFF]
        for _ in 0..<2000 {
            let count = Int.random(in: 0...200, using: &random)
            let isAwkward = Bool.random(using: &random)
            let form = (0..<count).map { _ -> UInt8 in
                isAwkward
                    ? awkward.randomElement(using: &random) ?? 0 : UInt8.random(in: .min ... .max, using: &random)
            }
            let fields = FormFields(parsing: form)
            #expect((fields["token"]?.utf8.count ?? 0) <= 3 * form.count)
            // Bytes that add no field of this name do not change its value.
            let whole = FormFields(parsing: Array("token=x&".utf8) + form.filter { $0 != UInt8(ascii: "=") })
            if !form.contains(UInt8(ascii: "t")), !form.contains(UInt8(ascii: "%")) { #expect(whole["token"] == "x") }
        }
    }

    /// The text as browsers encode it in a form, with hexadecimal digits in random case (WHATWG URL §5.2).
    private static func encoded(_ text: String, _ random: inout SeededGenerator) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: " "): encoded += "+"
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: Bool.random(using: &random))
                encoded += byte < 16 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return encoded
    }

    @Test("encoded values are decoded to the original text")
    func roundTrip() {
        var random = SeededGenerator(seed: 1738)
        let letters = [
            "a", "Z", "0", " ", "+", "%", "&", "=", "\"", "é", "字", "😀", "\r\n", "\0", "/", "?", "#", "-", "~",
        ]
        for _ in 0..<500 {
            var texts: [String] = []
            for _ in 0..<6 {
                let count = Int.random(in: 0...12, using: &random)
                texts.append((0..<count).map { _ in letters.randomElement(using: &random) ?? "" }.joined())
            }
            var pairs: [String] = []
            for (index, text) in texts.enumerated() {
                let value = FormFieldsTests.encoded(text, &random)
                pairs.append("\(index)=\(value)")
            }
            let form = pairs.joined(separator: "&")
            let fields = FormFields(parsing: Array(form.utf8))
            for (index, text) in texts.enumerated() {
                #expect(fields["\(index)"].map { Array($0.utf8) } == Array(text.utf8), "\(form)")
            }
        }
    }
}
