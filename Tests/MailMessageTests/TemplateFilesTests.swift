import Bytes
import Foundation
import Net
import TestSupport
import Testing

@testable import MailMessage

@Suite
struct TemplateFilesTests {
    private func page(
        of templates: MailTemplates, in language: Language = .english, isNewestOnly: Bool = false
    ) -> ReadPage {
        ReadPage(
            templates.page(
                for: SignInVariant(
                    language: language, product: "Kiosk", portal: Sample.portal, isNewestOnly: isNewestOnly,
                    hasCode: false, lifetime: .seconds(900))),
            link: Sample.link)
    }

    @Test("with an empty folder, the built-in templates are used", arguments: Sample.languages)
    func empty(language: Language) throws {
        let page = page(of: try TemplateFolder([String: String]()).templates(), in: language)
        let builtIn = self.page(of: .builtIn, in: language)
        #expect(page.subject == builtIn.subject)
        #expect(page.text == builtIn.text)
        #expect(page.html == builtIn.html)
    }

    /// The places of a file of texts: in the template's folder, or in the folder itself.
    static let places = ["sign-in/", ""]

    @Test("a file of texts replaces one language only", arguments: places)
    func words(place: String) throws {
        let words = TemplateFolder.words([
            "subject": "Welcome to {{product}}", "intro": "{{product}}, {{portal}}, {{lifetime}}",
            "minutes": "{{count}} min",
        ])
        let templates = try TemplateFolder(["\(place)de.json": words]).templates()
        let german = page(of: templates, in: "de")
        #expect(german.subject == "Welcome to Kiosk")
        #expect(german.text.contains("\nKiosk, portal.example.com, 15 min\n"))
        #expect(german.html.contains(">Kiosk, portal.example.com, 15 min</p>"))
        for language in Sample.languages where language != "de" {
            #expect(page(of: templates, in: language).text == page(of: .builtIn, in: language).text)
        }
    }

    @Test(
        "a layout replaces the HTML or the plain text, and not the other",
        arguments: ["sign-in/layout.html.mustache", "sign-in.html.mustache"])
    func layout(name: String) throws {
        let templates = try TemplateFolder([
            name:
                "<p>{{product}} {{link}} {{lifetime}}{{subject}}</p>{{code}}{{#newestOnly}}!{{/newestOnly}}"
        ]).templates()
        #expect(page(of: templates).html == "<p>Kiosk \(Sample.link) Sign in to Kiosk</p>")
        #expect(page(of: templates, isNewestOnly: true).html.hasSuffix("</p>!"))
        #expect(page(of: templates).text == page(of: .builtIn).text)
    }

    @Test(
        "a plain-text layout is not escaped, with or without a content type",
        arguments: ["", "{{% CONTENT_TYPE:TEXT}}\n"])
    func textLayout(start: String) throws {
        let templates = try TemplateFolder(["sign-in.txt.mustache": "\(start){{link}} {{product}}{{code}}"]).templates()
        let variant = SignInVariant(
            language: .english, product: "a & b", portal: Sample.portal, isNewestOnly: false, hasCode: false,
            lifetime: .seconds(60))
        let page = ReadPage(templates.page(for: variant), link: "https://a.example/?a&b")
        #expect(page.text == "https://a.example/?a&b a & b")
    }

    @Test(
        "a subject is one line, even if its template has several",
        arguments: ["\\n", "\\r\\n", "\\r", "\\u0000", "\\u2028"])
    func subjectOfLines(end: String) throws {
        let words = TemplateFolder.words(["subject": "Hello\(end)Bcc: eve@example.com"])
        let subject = page(of: try TemplateFolder(["en.json": words]).templates()).subject
        #expect(!holdsControlCharacter(subject))
        #expect(subject.split(separator: " ") == ["Hello", "Bcc:", "eve@example.com"])
    }

    @Test("in right-to-left text, names are isolated from the surrounding text (UAX #9)")
    func rightToLeft() throws {
        let texts = ["subject": "שלום {{product}}", "intro": "{{portal}} {{product}}"]
        let rightToLeft = TemplateFolder.words(texts.merging(["direction": "rtl"]) { $1 })
        let page = page(of: try TemplateFolder(["en.json": rightToLeft]).templates())
        #expect(page.subject == "שלום \u{2068}Kiosk\u{2069}")
        #expect(page.text.contains("\n\u{2068}portal.example.com\u{2069} \u{2068}Kiosk\u{2069}\n"))
        #expect(page.text.split(separator: "\n").contains { $0 == Sample.link })
        #expect(page.html.contains("<html lang=\"en\" dir=\"rtl\">"))
        let hebrew = SignInVariant(
            language: .english, product: "שלום", portal: Sample.portal, isNewestOnly: false, hasCode: false,
            lifetime: .seconds(60))
        #expect(MailTemplates.builtIn.page(for: hebrew).subject == "Sign in to \u{2068}שלום\u{2069}")
        let leftToRight = TemplateFolder.words(texts.merging(["direction": "ltr"]) { $1 })
        #expect(self.page(of: try TemplateFolder(["en.json": leftToRight]).templates()).subject == "שלום Kiosk")
    }

    // MARK: - Languages

    @Test("a file adds a language, in any case of its tag, and is chosen by the longest beginning of the job's tag")
    func addedLanguages() throws {
        let templates = try TemplateFolder([
            "sign-in/sv.json": TemplateFolder.words(["subject": "Logga in"]),
            "sign-in/PT-br.json": TemplateFolder.words(["subject": "Acesse"]),
            "sign-in/fa.json": TemplateFolder.words(["subject": "ورود به {{product}}", "direction": "rtl"]),
        ]).templates()
        #expect(Set(templates.languages) == Set(Sample.languages + ["sv", "pt-BR", "fa"]))
        let expected: [(Language, Language, String)] = [
            ("sv", "sv", "Logga in"), ("sv-FI", "sv", "Logga in"), ("pt-BR", "pt-BR", "Acesse"),
            ("pt-BR-x-a", "pt-BR", "Acesse"), ("pt", "pt", "Acesso a Kiosk"), ("pt-PT", "pt", "Acesso a Kiosk"),
            ("fa-IR", "fa", "ورود به \u{2068}Kiosk\u{2069}"), ("da", "en", "Sign in to Kiosk"),
            ("zh-TW", "zh-Hant", "Kiosk 登入連結"), ("x-own", "en", "Sign in to Kiosk"),
        ]
        for (language, chosen, subject) in expected {
            let page = page(of: templates, in: language)
            #expect(page.subject == subject, "\(language)")
            #expect(page.html.contains("<html lang=\"\(chosen.tag)\" dir=\"\(chosen == "fa" ? "rtl" : "ltr")\">"))
        }
    }

    @Test("a file in the template's folder has precedence over one in the folder itself")
    func precedence() throws {
        let templates = try TemplateFolder([
            "de.json": TemplateFolder.words(["subject": "old"]),
            "sign-in/de.json": TemplateFolder.words(["subject": "new"]),
            "sign-in.txt.mustache": "old {{link}} {{code}}", "sign-in/layout.txt.mustache": "new {{link}} {{code}}",
        ]).templates()
        #expect(page(of: templates, in: "de").subject == "new")
        #expect(page(of: templates, in: "de").text.hasPrefix("new "))
    }

    @Test("other files in the folder, and folders of other templates, are ignored")
    func others() throws {
        let templates = try TemplateFolder([
            "config.json": "{", "sv.json": "{", "sign-in/README.md": "?", "sign-in/.#sv.json": "{",
            "sign-in/..data/sv.json": "{", "password-reset/en.json": "{",
        ]).templates()
        #expect(templates.languages == Sample.languages)
        #expect(page(of: templates, in: "sv").text == page(of: .builtIn).text)
    }

    @Test("a name that is not a language tag is refused, and so are two names of the same language")
    func names() throws {
        #expect(
            try refusal(of: "sign-in/de,fr.json", TemplateFolder.words())
                == "sign-in/de,fr.json has a name that is not a BCP 47 language tag, such as pt-BR.json")
        let words = Array(TemplateFolder.words().utf8)
        #expect(
            try refusal(of: ["sign-in/pt-br.json": words, "sign-in/pt-BR.json": words])
                == "sign-in/pt-br.json is for the same language as pt-BR.json")
        #expect(
            try refusal(of: ["sign-in/de.json": words, "sign-in/DE.json": words])
                == "sign-in/de.json is for the same language as DE.json")
        #expect(try refusal(of: "sign-in", "").hasSuffix("/sign-in is not a readable folder"))
    }

    // MARK: - Invalid files

    private func refusal(of files: [String: [UInt8]]) throws -> String {
        let folder = try TemplateFolder(files)
        return try #require(throws: TemplateError.self) { try folder.templates() }.description
    }

    private func refusal(of name: String, _ text: String) throws -> String {
        try refusal(of: [name: Array(text.utf8)])
    }

    @Test("a direction other than ltr and rtl is refused")
    func wrongDirection() throws {
        #expect(
            try refusal(of: "de.json", TemplateFolder.words(["direction": "up"]))
                == "de.json has a \"direction\" other than ltr or rtl")
    }

    static let wordFiles = ["de.json", "en.json", "sign-in/de.json", "sign-in/en.json", "sign-in/sv.json"]

    @Test("a file without one of its texts is refused, and the error names both", arguments: TemplateFolder.keys)
    func missingText(key: String) throws {
        for name in TemplateFilesTests.wordFiles {
            let expected = "\(name) has no text for \"\(key)\""
            #expect(try refusal(of: name, TemplateFolder.words(without: key)) == expected)
            #expect(try refusal(of: name, TemplateFolder.words([key: ""])) == expected)
            let text = key == "direction" ? "ltr" : key
            let number = TemplateFolder.words().replacing("\"\(key)\":\"\(text)\"", with: "\"\(key)\":1")
            #expect(try refusal(of: name, number) == expected)
        }
    }

    @Test(
        "a text that is not a template is refused, and the error names it and its file",
        arguments: ["subject", "once", "hours"])
    func invalidText(key: String) throws {
        for broken in ["{{product", "{{#product}}", "{{/product}}", "{{#a}}{{/b}}"] {
            let refusal = try refusal(of: "ko.json", TemplateFolder.words([key: broken]))
            #expect(refusal.hasPrefix("ko.json is not a Mustache template: \(key): "), "\(refusal)")
        }
    }

    @Test("a file of texts that is not a JSON object is refused", arguments: TemplateFilesTests.wordFiles)
    func notJSON(name: String) throws {
        for text in ["", " ", "[]", "1", "\"subject\"", "null", "{", "{} x", TemplateFolder.words() + ",", "{'a':'b'}"]
        {
            let refusal = try refusal(of: name, text)
            #expect(refusal.hasPrefix("\(name) is not a JSON object of strings: check "), "\(refusal)")
        }
        #expect(try refusal(of: [name: [0x7B, 0xFF, 0x7D]]).hasPrefix("\(name) is not "))
    }

    static let layouts = ["html", "txt"].flatMap { ["sign-in/layout.\($0).mustache", "sign-in.\($0).mustache"] }

    @Test("a layout that is not a template, or not UTF-8, is refused", arguments: layouts)
    func brokenLayout(name: String) throws {
        for text in ["{{product", "{{#newestOnly}}", "{{/newestOnly}}", "a\n\n{{#a}}{{/b}}"] {
            let refusal = try refusal(of: name, text)
            #expect(refusal.hasPrefix("\(name) is not a Mustache template: "), "\(refusal)")
        }
        #expect(try refusal(of: [name: [0x61, 0xFF]]) == "\(name) is not UTF-8")
    }

    @Test("a file that cannot be read is refused", arguments: places)
    func unreadable(place: String) throws {
        let folder = try TemplateFolder([String: String]())
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/\(place)fr.json", withIntermediateDirectories: true)
        let error = try #require(throws: TemplateError.self) { try folder.templates() }
        #expect(error.description.hasSuffix("fr.json cannot be read"))
    }

    @Test("a folder that does not exist is refused")
    func noFolder() throws {
        let folder = try TemplateFolder([String: String]())
        #expect(throws: TemplateError.self) { try MailTemplates(folder: "\(folder.path)/none") }
    }
}
