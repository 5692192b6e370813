import Foundation
import Testing

@testable import MailMessage

@Suite
struct HeaderTextTests {
    private static func letters(_ count: Int) -> String { String(repeating: "a", count: count) }

    static let subjects: [(String, String)] = [
        ("Sign in to Portal", "Sign in to Portal"), ("", ""), ("a, \"b\" <c>; (d)", "a, \"b\" <c>; (d)"),
        (letters(69), letters(69)),
        ("é", "=?UTF-8?B?w6k=?="), ("Zoë", "=?UTF-8?B?Wm/Dqw==?="), ("日本", "=?UTF-8?B?5pel5pys?="),
        ("😀", "=?UTF-8?B?8J+YgA==?="),
        // Text that looks like an encoded word is encoded, so that it is decoded to itself.
        ("=?UTF-8?B?SGk=?=", "=?UTF-8?B?PT9VVEYtOD9CP1NHaz0/PQ==?="),
    ]

    @Test("short ASCII is unchanged, and anything else becomes encoded words", arguments: HeaderTextTests.subjects)
    func short(text: String, expected: String) {
        #expect(headerText(text, startingAt: 9) == expected)
    }

    static let names: [(String, String)] = [
        ("Portal", "Portal"), ("My Portal", "My Portal"), ("O'Neil & Sons!", "O'Neil & Sons!"),
        ("Portal, Inc.", "\"Portal, Inc.\""), ("a.b", "\"a.b\""), ("(a)", "\"(a)\""), ("a@b", "\"a@b\""),
        ("<a>", "\"<a>\""), ("a:b;c", "\"a:b;c\""), ("[a]", "\"[a]\""),
        ("Ada \"A\" L", "\"Ada \\\"A\\\" L\""), ("a\\b", "\"a\\\\b\""), ("\\", "\"\\\\\""), ("\"", "\"\\\"\""),
        // Outside quotes, several spaces between words would be read as one.
        ("two  spaces", "\"two  spaces\""), (" a", "\" a\""), ("a ", "\"a \""),
        ("Zoë", "=?UTF-8?B?Wm/Dqw==?="), ("日本, 😀", "=?UTF-8?B?5pel5pysLCDwn5iA?="),
        ("=?UTF-8?B?SGk=?=", "=?UTF-8?B?PT9VVEYtOD9CP1NHaz0/PQ==?="),
        ("\"=?UTF-8?B?SGk=?=\"", "=?UTF-8?B?Ij0/VVRGLTg/Qj9TR2s9Pz0i?="),
    ]

    @Test("a name is written as atoms, a quoted string or encoded words", arguments: HeaderTextTests.names)
    func name(text: String, expected: String) {
        #expect(displayName(text, startingAt: 6) == expected)
    }

    static let longTexts = [
        letters(70), letters(300), String(repeating: "word ", count: 19) + "word", String(repeating: "字", count: 100),
        String(repeating: "é", count: 100), "a" + String(repeating: "😀", count: 100),
        "a" + String(repeating: "👩‍👩‍👧", count: 40), String(repeating: "שלום ", count: 20),
        "e" + String(repeating: "\u{301}", count: 200), String(repeating: "=?", count: 50), "é" + letters(40),
        "é" + letters(43), "é" + letters(44), String(repeating: "a.", count: 50), String(repeating: "\"\\", count: 50),
        // Escaped in quotes, each takes two characters.
        String(repeating: "\"", count: 60),
    ]

    @Test("a long text is folded into lines of at most 78 characters", arguments: HeaderTextTests.longTexts)
    func folded(text: String) throws {
        for (column, value, isName) in [
            (9, headerText(text, startingAt: 9), false), (6, displayName(text, startingAt: 6), true),
        ] {
            var start = column
            for line in value.components(separatedBy: "\r\n") {
                #expect(start + line.utf8.count <= 78, "\(line)")
                #expect(line.utf8.allSatisfy { (0x20...0x7E).contains($0) })
                // A line of spaces alone can be lost in transit, and at a field's start it is read as an extra space.
                #expect(line.contains { $0 != " " }, "\(value)")
                start = 0
            }
            #expect(try HeaderTextTests.decoded(value, isName: isName) == text)
        }
    }

    /// Decodes encoded words or a quoted string, and returns any other value unchanged. Expects each encoded word to
    /// have at most 75 characters, and to contain whole characters only (RFC 2047 §2, §5).
    private static func decoded(_ value: String, isName: Bool) throws -> String {
        if isName, value.hasPrefix("\"") { return unquoted(value) }
        guard value.contains("=?") else { return value }
        return try value.replacingOccurrences(of: "\r\n ", with: " ").split(separator: " ").map { word in
            #expect(word.utf8.count <= 75)
            #expect(word.hasPrefix("=?UTF-8?B?") && word.hasSuffix("?="))
            let data = try #require(Data(base64Encoded: String(word.dropFirst(10).dropLast(2))))
            return try #require(String(data: data, encoding: .utf8))
        }.joined()
    }

    private static func unquoted(_ value: String) -> String {
        var text = ""
        var isEscaped = false
        for character in value.dropFirst().dropLast() {
            isEscaped = character == "\\" && !isEscaped
            if !isEscaped { text.append(character) }
        }
        return text
    }
}
