import Net
import Testing

@testable import Web

@Suite
struct ErrorLanguagesTests {
    /// An `Accept-Language`, and the language of an error.
    static let preferences: [(String?, String)] = [
        (nil, "en"), ("", "en"), ("*", "en"), ("en", "en"), ("en-US,en;q=0.9", "en"), ("sv", "en"), ("sv,de", "de"),
        ("de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7", "de"), ("en;q=0.7,de;q=0.9", "de"), ("de_DE", "de"), ("DE", "de"),
        ("zh", "zh-Hans"), ("zh-TW,zh;q=0.9", "zh-Hant"), ("zh-Hant-HK", "zh-Hant"), ("iw", "he"), ("pt-BR", "pt"),
        ("en;q=0,fr;q=0.1", "fr"), ("de;q=0,*", "en"), ("de;q=0,de-AT", "en"), ("en;q=0,*", "ar"), ("de;q=2", "en"),
        ("\u{0}", "en"), ("d\u{E9}", "en"),
    ]

    @Test("an error's language is the one that the request prefers, or English", arguments: preferences)
    func preferred(field: String?, language: String) {
        let languages = ErrorLanguages([])
        // The second time, the words have been read.
        for _ in 1...2 { #expect(languages.words(preferredBy: field)?.language.tag ?? "en" == language) }
    }

    @Test("the language is right for any number of different fields, and for long ones")
    func many() {
        let languages = ErrorLanguages([])
        for number in 0..<200 {
            let tag = ["de", "en", "zh-Hant"][number % 3]
            for field in ["x-\(number),\(tag)", "x-\(String(repeating: "y", count: 200)),\(tag)"] {
                #expect(languages.words(preferredBy: field)?.language.tag ?? "en" == tag)
            }
        }
    }

    private static let features = [
        ErrorWordsFolder(
            ["A/sv.json": #"{"direction":"ltr","One":"Ett"}"#, "A/de.json": #"{"direction":"ltr","One":"Eins"}"#],
            in: "A/"),
        ErrorWordsFolder(["B/sv.json": #"{"direction":"ltr","Two":"Två"}"#, "C/fi.json": "{}"], in: "B/"),
    ]

    @Test("the words of all features are joined, and a language that only a feature has is available")
    func joined() throws {
        let languages = ErrorLanguages(ErrorLanguagesTests.features)
        let swedish = try #require(languages.words(preferredBy: "sv-FI,de"))
        #expect(swedish.language.tag == "sv")
        #expect(swedish.text(of: "One") == "Ett")
        #expect(swedish.text(of: "Two") == "Två")
        #expect(swedish.text(of: "Invalid URL") == nil)
        let german = try #require(languages.words(preferredBy: "de"))
        #expect(german.text(of: "One") == "Eins")
        #expect(german.text(of: "Invalid URL") == "Ungültige URL")
        #expect(languages.words(preferredBy: "fi") == nil)
    }

    @Test("a file that is not JSON has no words")
    func malformed() throws {
        let languages = ErrorLanguages([ErrorWordsFolder(["sv.json": "{", "de.json": "7"], in: "")])
        #expect(try #require(languages.words(preferredBy: "sv")).text(of: "Invalid URL") == nil)
        #expect(try #require(languages.words(preferredBy: "de")).text(of: "Invalid URL") == "Ungültige URL")
    }
}
