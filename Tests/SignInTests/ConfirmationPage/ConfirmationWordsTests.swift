import Foundation
import Net
import TestSupport
import Testing

@testable import SignIn

@Suite
struct ConfirmationWordsTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Sources/Features/SignIn/ConfirmationPage/Words")

    /// The languages that are written from right to left.
    private static let rightToLeft: Set<Language> = ["ar", "he"]

    /// A file of sentences in the repository, read with another parser than the program's.
    private static func file(_ language: Language) throws -> [String: Any] {
        let file = folder.appendingPathComponent("\(language.tag).json")
        let object = try JSONSerialization.jsonObject(with: Data(contentsOf: file))
        guard let texts = object as? [String: Any] else { throw NotAsExpected() }
        return texts
    }

    /// The names of the placeholders in a sentence, in alphabetical order.
    private static func placeholders(of text: String) -> [String] {
        text.split(separator: "{", omittingEmptySubsequences: false).dropFirst().map { piece in
            String(piece.prefix { $0 != "}" })
        }.sorted()
    }

    private static let values = ["portal": "portal.example:8443", "address": "a…@example.com", "seconds": "17"]

    @Test(
        "every language has every sentence and no other, and none is empty",
        arguments: ConfirmationWords.builtInLanguages)
    func complete(language: Language) throws {
        let texts = try ConfirmationWordsTests.file(language)
        #expect(Set(texts.keys) == Set(ConfirmationWords.Key.allCases.map(\.rawValue) + ["direction"]))
        let isRightToLeft = ConfirmationWordsTests.rightToLeft.contains(language)
        #expect(texts["direction"] as? String == (isRightToLeft ? "rtl" : "ltr"))
        for (name, value) in texts {
            let text = try #require(value as? String, "\(name)")
            #expect(!text.trimmingCharacters(in: .whitespacesAndNewlines).isEmpty, "\(name)")
            #expect(text == text.trimmingCharacters(in: .whitespacesAndNewlines), "\(name)")
            #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }, "\(name)")
            #expect(!text.contains("'") && !text.contains("\""), "\(name)")
        }
    }

    @Test("every language has the placeholders that English has", arguments: ConfirmationWords.builtInLanguages)
    func samePlaceholders(language: Language) throws {
        let texts = try ConfirmationWordsTests.file(language)
        let english = try ConfirmationWordsTests.file(.english)
        for key in ConfirmationWords.Key.allCases {
            let text = try #require(texts[key.rawValue] as? String)
            let original = try #require(english[key.rawValue] as? String)
            let placeholders = ConfirmationWordsTests.placeholders(of: text)
            #expect(placeholders == ConfirmationWordsTests.placeholders(of: original), "\(key)")
            #expect(Set(placeholders).isSubset(of: ConfirmationWordsTests.values.keys), "\(key)")
            #expect(text.count { $0 == "{" } == text.count { $0 == "}" }, "\(key)")
        }
    }

    @Test("no two languages have a sentence in common, apart from those that differ in script")
    func ownSentences() throws {
        for key in ConfirmationWords.Key.allCases {
            var owners: [String: Substring] = [:]
            for language in ConfirmationWords.builtInLanguages {
                let text = try #require(ConfirmationWordsTests.file(language)[key.rawValue] as? String)
                let primary = language.tag.prefix { $0 != "-" }
                #expect(owners[text] == nil || owners[text] == primary, "\(key)")
                owners[text] = primary
            }
        }
    }

    @Test(
        "each sentence of the program is the file's with its placeholders filled in",
        arguments: ConfirmationWords.builtInLanguages)
    func builtIn(language: Language) throws {
        let words = try #require(ConfirmationWords.all[language])
        let texts = try ConfirmationWordsTests.file(language)
        for key in ConfirmationWords.Key.allCases {
            var expected = try #require(texts[key.rawValue] as? String)
            for (name, value) in ConfirmationWordsTests.values {
                let isIsolated = ConfirmationWordsTests.rightToLeft.contains(language)
                expected = expected.replacing("{\(name)}", with: isIsolated ? "\u{2068}\(value)\u{2069}" : value)
            }
            #expect(words.sentence(key, ConfirmationWordsTests.values) == expected, "\(key)")
        }
    }

    // MARK: - Placeholders

    /// Words with one sentence, which is given as JSON.
    private func words(_ json: String) -> ConfirmationWords {
        ConfirmationWords(parsing: Array(#"{"openTitle":\#(json)}"#.utf8))
    }

    static let sentences: [(String, String)] = [
        ("", ""), ("Hello", "Hello"), ("{portal}", "P"), ("a {portal} b", "a P b"), ("{portal}{address}", "PA"),
        ("{portal} {portal}", "P P"), ("{", ""), ("}", "}"), ("a{", "a"), ("a{b}c", "ac"),
        ("{}", ""), ("{{portal}}", "P}"), ("{ portal }", ""), ("{PORTAL}", ""), ("a}b{portal}", "a}bP"),
        ("{portal}}", "P}"), ("100% {portal} %@ \\\\(x) $1", "100% P %@ \\(x) $1"),
    ]

    @Test(
        "a placeholder is replaced with its value, and with nothing if it has none",
        arguments: ConfirmationWordsTests.sentences)
    func fill(text: String, expected: String) {
        let sentence = words(#""\#(text)""#).sentence(.openTitle, ["portal": "P", "address": "A"])
        #expect(sentence == expected)
    }

    @Test(
        "placeholders within values are not replaced",
        arguments: ["{address}", "{portal}", "{", "}", "{{", "\\0", "<b>", "a\u{301}", "\u{301}", "%s", ""])
    func filledOnce(value: String) {
        let sentence = words(#""a{portal}b{address}c""#).sentence(.openTitle, ["portal": value, "address": "A"])
        #expect(Array(sentence.utf8) == Array("a\(value)bAc".utf8))
    }

    @Test("a file that is not an object of strings gives empty sentences")
    func noWords() {
        let none: [[UInt8]] = [
            [], Array("{".utf8), Array("[]".utf8), Array("null".utf8), Array("{}".utf8), [0xFF, 0xFE],
            Array(#"{"openTitle":7}"#.utf8), Array(#"{"openTitle":null}"#.utf8), Array(#"{"OpenTitle":"x"}"#.utf8),
        ]
        for bytes in none {
            for key in ConfirmationWords.Key.allCases {
                #expect(ConfirmationWords(parsing: bytes).sentence(key, ConfirmationWordsTests.values) == "")
            }
        }
    }

    // MARK: - Languages

    @Test("the built-in languages are the files in the folder, named by canonical tags")
    func languages() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: ConfirmationWordsTests.folder.path)
        #expect(files.sorted() == ConfirmationWords.builtInLanguages.map { "\($0.tag).json" })
        #expect(Set(ConfirmationWords.all.keys) == Set(ConfirmationWords.builtInLanguages))
    }

    @Test(
        "only words with the direction rtl are from right to left",
        arguments: ["\"ltr\"", "\"RTL\"", "1", "null", "\"\""])
    func direction(json: String) {
        for (json, isRightToLeft) in [(json, false), ("\"rtl\"", true)] {
            let words = ConfirmationWords(parsing: Array(#"{"direction":\#(json),"openTitle":"a {portal}"}"#.utf8))
            #expect(words.isRightToLeft == isRightToLeft)
            let expected = isRightToLeft ? "a \u{2068}P\u{2069}" : "a P"
            #expect(words.sentence(.openTitle, ["portal": "P"]) == expected)
        }
    }
}
