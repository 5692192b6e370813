import Bytes
import Testing

@Suite
struct JSONAcceptanceTests {
    static let numbers: [(String, Double)] = [
        ("0", 0), ("1", 1), ("-1", -1), ("123", 123), ("-123", -123), ("0.5", 0.5), ("-0.5", -0.5),
        ("123.456789", 123.456789),
        ("0e1", 0), ("0E+1", 0), ("20e1", 200), ("1E22", 1e22), ("1E-2", 0.01), ("1E+2", 100), ("1e-2", 0.01),
        ("1e+2", 100), ("123e45", 123e45), ("123.456e78", 123.456e78), ("0.1", 0.1),
        ("-0.000000000000000000000000000000000000000000000000000000000000000000000000000001", -1e-78),
        // Equally near to 2⁵³ and 2⁵³ + 2: the one with the even significand is chosen.
        ("9007199254740993", 9_007_199_254_740_992), ("1e-999", 0), ("1.7976931348623157e308", 1.7976931348623157e308),
        ("5e-324", .leastNonzeroMagnitude),
    ]

    @Test("a number is parsed as the nearest double", arguments: JSONAcceptanceTests.numbers)
    func finite(text: String, expected: Double) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)) == .number(expected))
    }

    static let infiniteNumbers: [(String, Double)] = [
        ("1e999", .infinity), ("-1e999", -.infinity), ("1E+309", .infinity), ("0.1e400", .infinity),
        (String(repeating: "9", count: 400), .infinity), ("-" + String(repeating: "9", count: 400), -.infinity),
    ]

    @Test("a number beyond a double's range is infinite", arguments: JSONAcceptanceTests.infiniteNumbers)
    func infinite(text: String, expected: Double) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)) == .number(expected))
    }

    @Test("minus zero keeps its sign", arguments: ["-0", "-0.0", "-0e1"])
    func minusZero(text: String) throws {
        guard case .number(let number) = try JSONValue(parsing: Array(text.utf8)) else {
            Issue.record("not a number")
            return
        }
        #expect(number == 0)
        #expect(number.sign == .minus)
    }

    /// JSON texts, and the scalars of their strings.
    static let strings: [(String, [UInt32])] = [
        (#""""#, []), (#"" ""#, [0x20]), (#""a/*b*/c""#, [0x61, 0x2F, 0x2A, 0x62, 0x2A, 0x2F, 0x63]),
        (#""\"\\\/\b\f\n\r\t""#, [0x22, 0x5C, 0x2F, 8, 0xC, 0xA, 0xD, 9]),
        (#""\\u0041""#, [0x5C, 0x75, 0x30, 0x30, 0x34, 0x31]), (#""\\n""#, [0x5C, 0x6E]),
        (#""\u0041\u00e9\u20AC\u20ac""#, [0x41, 0xE9, 0x20AC, 0x20AC]), (#""\u0000""#, [0]),
        (#""a\u0000b""#, [0x61, 0, 0x62]),
        (#""\u0022\u005c""#, [0x22, 0x5C]), (#""\ud7ff\ue000""#, [0xD7FF, 0xE000]),
        (#""\uFFFF\uFFFE\uFDD0""#, [0xFFFF, 0xFFFE, 0xFDD0]),
        (#""\uFEFF""#, [0xFEFF]), (#""\uD834\uDd1e""#, [0x1D11E]), (#""\uD800\uDC00""#, [0x10000]),
        (#""\uDBFF\uDFFF""#, [0x10FFFF]), (#""\ud83d\ude39\ud83d\udc8d""#, [0x1F639, 0x1F48D]),
        (#""\uD8FF\uDC00""#, [0x4FC00]), (#""é€𝄞""#, [0xE9, 0x20AC, 0x1D11E]), ("\"\u{7F}\"", [0x7F]),
        ("\"\u{80}\u{9F}\"", [0x80, 0x9F]), ("\"\u{2028}\u{2029}\"", [0x2028, 0x2029]), ("\"\u{FEFF}\"", [0xFEFF]),
        ("\"\u{FFFF}\u{10FFFF}\"", [0xFFFF, 0x10FFFF]), ("\"e\u{301}\"", [0x65, 0x301]), ("\"\u{212A}\"", [0x212A]),
    ]

    @Test(
        "a string is parsed scalar by scalar, including escapes and surrogate pairs",
        arguments: JSONAcceptanceTests.strings)
    func text(text: String, scalars: [UInt32]) throws {
        guard case .string(let string) = try JSONValue(parsing: Array(text.utf8)) else {
            Issue.record("not a string")
            return
        }
        #expect(string.unicodeScalars.map(\.value) == scalars)
    }

    static let values: [(String, JSONValue)] = [
        ("null", .null), ("true", .boolean(true)), ("false", .boolean(false)), ("[]", .array([])), ("{}", .object([:])),
        (" [ ] ", .array([])), ("\t\r\n { \n } \t", .object([:])), ("[[]]", .array([.array([])])),
        ("[null,1,\"1\",{}]", .array([.null, .number(1), .string("1"), .object([:])])),
        ("[1 , 2]", .array([.number(1), .number(2)])), (#"{"a":[]}"#, .object(["a": .array([])])),
        (#"{"a" : 1 , "b" : {"c":false}}"#, .object(["a": .number(1), "b": .object(["c": .boolean(false)])])),
        (#"{"":0}"#, .object(["": .number(0)])), (#"{"\u0061":0}"#, .object(["a": .number(0)])),
        (#"{"a\u0000b":0}"#, .object(["a\0b": .number(0)])), (" 1\n", .number(1)), ("\"a\" ", .string("a")),
    ]

    @Test("a value is parsed with any whitespace that RFC 8259 allows around it", arguments: JSONAcceptanceTests.values)
    func value(text: String, expected: JSONValue) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)) == expected)
    }

    @Test("a member is found by its name, however that is escaped")
    func members() throws {
        let text = #"{"b":2,"\u0061":4,"c":null}"#
        guard case .object(let members) = try JSONValue(parsing: Array(text.utf8)) else {
            Issue.record("not an object")
            return
        }
        #expect(members["a"] == .number(4))
        #expect(members["b"] == .number(2))
        #expect(members["c"] == .null)
        #expect(members["d"] == nil)
        #expect(members[""] == nil)
    }

    static let equivalentNames: [(String, String)] = [("K", #"\u212A"#), (#"\u00E9"#, #"e\u0301"#), (";", #"\u037E"#)]

    @Test(
        "names that are equivalent only in Unicode are different names, as in JavaScript",
        arguments: JSONAcceptanceTests.equivalentNames)
    func equivalentName(first: String, second: String) throws {
        let text = "{\"\(first)\":1,\"\(second)\":2}"
        guard case .object(let members) = try JSONValue(parsing: Array(text.utf8)),
            case .string(let name) = try JSONValue(parsing: Array("\"\(first)\"".utf8))
        else {
            Issue.record("not an object and a string")
            return
        }
        #expect(members[name] == .number(1))
    }

    static let typeNames: [(String, String)] = [
        ("null", "null"), ("true", "boolean"), ("0", "number"), ("\"\"", "string"), ("[]", "array"), ("{}", "object"),
    ]

    @Test("a value's type has the name that JavaScript gives it", arguments: JSONAcceptanceTests.typeNames)
    func typeName(text: String, name: String) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)).typeName == name)
    }
}
