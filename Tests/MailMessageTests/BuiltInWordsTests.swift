import Foundation
import Net
import SignIn
import Testing

@testable import MailMessage

/// The built-in files of texts, read with another parser than the program's.
@Suite
struct BuiltInWordsTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let folder = root.appendingPathComponent("Sources/Mail/MailMessage/Templates/sign-in")

    private static func texts(_ language: Language) throws -> [String: String] {
        let data = try Data(contentsOf: folder.appendingPathComponent("\(language.tag).json"))
        return try JSONDecoder().decode([String: String].self, from: data)
    }

    /// The placeholders of a text, in alphabetical order.
    private static func placeholders(of text: String) -> [String] {
        text.matches(of: /\{\{.*?\}\}/).map { String($0.output) }.sorted()
    }

    @Test("the built-in languages are the files in the folder, named by canonical tags")
    func languages() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: BuiltInWordsTests.folder.path)
        let tags = files.filter { $0.hasSuffix(".json") && $0 != "layout.values.json" }.map { String($0.dropLast(5)) }
        #expect(tags.sorted() == Sample.languages.map(\.tag))
        #expect(tags.count == files.count - 1)
        #expect(tags.count >= 15)
    }

    @Test("SETTINGS.md lists the built-in languages, and no others")
    func settings() throws {
        let file = BuiltInWordsTests.root.appendingPathComponent("deploy/SETTINGS.md")
        let cells = try String(contentsOf: file, encoding: .utf8)
            .matches(of: /\| [A-Z][a-z]+(?:, [a-z]+)? `([A-Za-z-]+)`(?= \|)/).map { String($0.output.1) }
        #expect(cells.sorted() == Sample.languages.map(\.tag).sorted())
    }

    @Test("the handler requests emails in the languages that are built in")
    func handler() {
        #expect(Sample.languages == SignInPolicy.builtInLanguages)
    }

    @Test("every language has the keys of English and no other, and no text is empty", arguments: Sample.languages)
    func keys(language: Language) throws {
        let texts = try BuiltInWordsTests.texts(language)
        #expect(Set(texts.keys) == Set(TemplateFolder.keys))
        for (key, text) in texts {
            #expect(!text.isEmpty && text == text.trimmingCharacters(in: .whitespacesAndNewlines), "\(key)")
            #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }, "\(key)")
        }
        #expect(texts["direction"] == (Sample.rightToLeft.contains(language) ? "rtl" : "ltr"))
    }

    @Test("every text has the placeholders that English has", arguments: Sample.languages)
    func placeholders(language: Language) throws {
        let texts = try BuiltInWordsTests.texts(language)
        for (key, english) in try BuiltInWordsTests.texts(.english) {
            let text = try #require(texts[key])
            #expect(
                BuiltInWordsTests.placeholders(of: text) == BuiltInWordsTests.placeholders(of: english), "\(key)")
            #expect(text.count { "{}".contains($0) } == english.count { "{}".contains($0) }, "\(key)")
        }
    }

    @Test("texts have typographic quotation marks and apostrophes", arguments: Sample.languages)
    func typography(language: Language) throws {
        for (key, text) in try BuiltInWordsTests.texts(language) {
            #expect(!text.contains("'") && !text.contains("\""), "\(key)")
        }
    }

    @Test("a sentence that ends in a lifetime has one period", arguments: Sample.languages)
    func periods(language: Language) {
        for lifetime in Sample.durations {
            let variant = SignInVariant(
                language: language, product: "Kiosk", portal: Sample.portal, isNewestOnly: true, hasCode: true,
                lifetime: lifetime)
            let page = ReadPage(MailTemplates.builtIn.page(for: variant), link: Sample.link, code: "123456")
            #expect(!page.text.contains(".."))
            #expect(!page.html.contains(".."))
        }
    }
}
