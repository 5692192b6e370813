import Foundation
import MailQueue
import Net
import Platform
import TestSupport
import Testing

@testable import MailMessage

/// The templates by name: those that are built in, and those of a folder.
@Suite
struct TemplatesByNameTests {
    /// The templates of links.
    static let names: [String] = ["invite", "sign-in", "verify-email"]

    static let link: String = "https://portal.example.com/in?token=abc&next=%2Fa%3Fb%3D'c'\"d\"&e=<f>=3D." + longEnd
    private static let longEnd: String = String(repeating: "x", count: 100)

    /// A job of a template, with every value that the built-in templates have.
    private func job(
        _ name: String, in language: Language = .english, values: [MailJob.Value]? = nil, code: String? = "123456",
        link: String? = TemplatesByNameTests.link, lifetime: Duration = .seconds(900)
    ) throws -> MailJob {
        let secrets = [link.map { MailJob.Slot("link", $0) }, code.map { MailJob.Slot("code", $0) }].compactMap { $0 }
        let issuedAt = UnixTime(milliseconds: 1_735_689_600_123)
        return MailJob(
            id: Sample.id, recipients: [try Sample.address(Sample.recipient)],
            content: .template(
                name: name, values: values ?? [.text("portal", Sample.portal), .flag("newestOnly", true)],
                secrets: secrets, language: language),
            issuedAt: issuedAt, expiresAt: issuedAt + lifetime)
    }

    private func renderer(_ templates: MailTemplates = .builtIn, product: String = "Portal") throws -> MailRenderer {
        MailRenderer(
            sender: try #require(Mailbox(parsing: "Portal <sign-in@example.com>")), productName: product,
            templates: templates)
    }

    @Test("the templates of links are built in, in every language")
    func builtIn() {
        #expect(Set(MailTemplates.builtIn.names).isSuperset(of: TemplatesByNameTests.names))
        for name in TemplatesByNameTests.names {
            #expect(MailTemplates.builtIn.languages(of: name) == Sample.languages, "\(name)")
        }
        #expect(MailTemplates.builtIn.languages(of: "other").isEmpty)
    }

    @Test(
        "the slots of a shared text give the same bytes as a text that was rendered for one email",
        arguments: TemplatesByNameTests.names, Sample.languages)
    func fastPath(name: String, language: Language) throws {
        let template = try #require(MailTemplates.builtIn[name])
        for secrets in [
            ["link": TemplatesByNameTests.link, "code": "123456"], ["link": "http://a.b/"],
            ["link": "https://a.b/\(TemplatesByNameTests.longEnd)=", "code": "0=<&>\"'"],
        ] {
            let declared = template.declared.secrets.map(\.name)
            let own = secrets.filter { declared.contains($0.key) }
            let values = MailTemplate.Values(
                names: ["product": "P & <b>", "portal": "a.b:80"], sections: ["newestOnly": true],
                secrets: Set(own.keys), lifetimeMinutes: 20_160)
            let page = template.page(in: language, with: values)
            let texts = template.texts(in: language, with: values, secrets: own)
            for (slotted, whole) in [(page.text, texts.text), (page.html, texts.html)] {
                var (fast, slow): ([UInt8], [UInt8]) = ([], [])
                slotted.append(to: &fast, secrets: declared.map { own[$0] ?? "" })
                appendQuotedPrintable(Array(whole.utf8), to: &slow)
                #expect(fast == slow)
                #expect(!String(decoding: fast, as: UTF8.self).contains("slot-"))
            }
        }
    }

    @Test(
        "each template has a subject, text and HTML in every language, and fills in all that it has",
        arguments: TemplatesByNameTests.names, Sample.languages)
    func complete(name: String, language: Language) throws {
        let template = try #require(MailTemplates.builtIn[name])
        let values = MailTemplate.Values(
            names: ["product": "Kiosk", "portal": "portal.example.com"],
            sections: name == "sign-in" ? ["newestOnly": true] : [:],
            secrets: Set(template.declared.secrets.map(\.name)), lifetimeMinutes: 60)
        let secrets = ["link": "https://a.b/", "code": "123456"].filter { values.secrets.contains($0.key) }
        let texts = template.texts(in: language, with: values, secrets: secrets)
        for text in [texts.subject, texts.text, texts.html] {
            #expect(!text.contains("{{") && text.contains("Kiosk"))
        }
        #expect(texts.text.contains("portal.example.com") && texts.html.contains("portal.example.com"))
        #expect(texts.text.split(separator: "\n").contains("https://a.b/"))
        #expect(texts.text.contains("123456") == (name != "invite"))
        let direction = Sample.rightToLeft.contains(language) ? "rtl" : "ltr"
        #expect(texts.html.hasPrefix("<!doctype html>\n<html lang=\"\(language.tag)\" dir=\"\(direction)\">"))
        #expect(!texts.text.contains("\n\n\n") && !texts.text.contains(".."))
    }

    @Test("no two templates share a subject or a heading", arguments: Sample.languages)
    func different(language: Language) throws {
        let values = MailTemplate.Values(
            names: ["product": "Kiosk", "portal": "a.b"], sections: [:], secrets: ["link"], lifetimeMinutes: 60)
        let texts = TemplatesByNameTests.names.compactMap {
            MailTemplates.builtIn[$0]?.texts(in: language, with: values, secrets: ["link": "https://a.b/"])
        }
        #expect(Set(texts.map(\.subject)).count == 3)
        #expect(Set(texts.map { $0.text.prefix { $0 != "\n" } }).count == 3)
    }

    @Test("every language has the keys and placeholders of English", arguments: TemplatesByNameTests.names)
    func words(name: String) throws {
        let english = try TemplatesByNameTests.texts(name, .english)
        for language in Sample.languages {
            let texts = try TemplatesByNameTests.texts(name, language)
            #expect(Set(texts.keys) == Set(english.keys), "\(language)")
            for (key, text) in texts {
                let places = [text, english[key] ?? ""].map { text in
                    text.matches(of: /\{\{.*?\}\}/).map { String($0.output) }.sorted()
                }
                #expect(places[0] == places[1], "\(language) \(key)")
                #expect(!text.isEmpty && !text.contains("'") && !text.contains("\""), "\(language) \(key)")
            }
        }
    }

    /// The texts of a built-in file, read with another parser than the program's.
    private static func texts(_ name: String, _ language: Language) throws -> [String: String] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = "Sources/Mail/MailMessage/Templates/\(name)/\(language.tag).json"
        return try JSONDecoder().decode(
            [String: String].self, from: Data(contentsOf: root.appendingPathComponent(file)))
    }

    // MARK: - Days

    /// A day, two, seven and thirty in each language, without no-break spaces.
    static let days: [(Language, [String])] = [
        ("ar", ["1 ي", "2 ي", "7 ي", "30 ي"]), ("de", ["1 Tag", "2 Tage", "7 Tage", "30 Tage"]),
        ("en", ["1 day", "2 days", "7 days", "30 days"]), ("es", ["1 día", "2 días", "7 días", "30 días"]),
        ("fr", ["1 jour", "2 jours", "7 jours", "30 jours"]), ("he", ["יום 1", "2 ימים", "7 ימים", "30 ימים"]),
        ("it", ["1 giorno", "2 giorni", "7 giorni", "30 giorni"]), ("ja", ["1日", "2日", "7日", "30日"]),
        ("ko", ["1일", "2일", "7일", "30일"]), ("nl", ["1 dag", "2 dagen", "7 dagen", "30 dagen"]),
        ("pl", ["1 dzień", "2 dni", "7 dni", "30 dni"]), ("pt", ["1 dia", "2 dias", "7 dias", "30 dias"]),
        ("tr", ["1 gün", "2 gün", "7 gün", "30 gün"]), ("zh-Hans", ["1 天", "2 天", "7 天", "30 天"]),
        ("zh-Hant", ["1 天", "2 天", "7 天", "30 天"]),
    ]

    @Test("an invitation says for how many days it works", arguments: TemplatesByNameTests.days)
    func wholeDays(language: Language, words: [String]) throws {
        #expect(TemplatesByNameTests.days.map(\.0) == Sample.languages)
        for (count, expected) in zip([1, 2, 7, 30], words) {
            let text = try text(of: job("invite", in: language, code: nil, lifetime: .seconds(86_400 * count)))
            #expect(text.replacing("\u{A0}", with: " ").contains(expected), "\(count)")
        }
    }

    static let units: [(Int, String)] = [
        (1, "1 minute"), (59, "59 minutes"), (60, "1 hour"), (90, "90 minutes"), (1380, "23 hours"), (1440, "1 day"),
        (1500, "25 hours"), (2879, "2879 minutes"), (2880, "2 days"), (2881, "2 days"), (10_079, "6 days"),
        (10_080, "7 days"),
    ]

    @Test("a lifetime is given in days if it is whole days, or two at least", arguments: TemplatesByNameTests.units)
    func lifetimeUnit(minutes: Int, words: String) throws {
        let text = try text(of: job("invite", code: nil, lifetime: .seconds(60 * minutes)))
        #expect(text.contains("The link expires \(words) after the invitation was sent."))
    }

    /// The decoded plain text of a job's message.
    private func text(of job: MailJob) throws -> String {
        let message = try renderer().message(for: job).text
        let part = try #require(message.components(separatedBy: "--=_").dropFirst().first)
        let body = part.components(separatedBy: "\r\n\r\n").dropFirst().joined(separator: "\r\n\r\n")
        return String(decoding: Sample.decoded(quotedPrintable: Array(body.utf8)), as: UTF8.self)
    }

    // MARK: - Jobs that do not fit

    @Test("a job of an unknown template has no message, and the error names it")
    func unknown() throws {
        let error = try #require(throws: RenderError.self) { try renderer().message(for: job("other")) }
        #expect(error == .unknownTemplate("other"))
        #expect(error.description == "there is no template \"other\"")
    }

    @Test("a job without a value or secret that its template needs has no message, and the error names both")
    func missing() throws {
        for name in TemplatesByNameTests.names {
            #expect(throws: RenderError.missingValue("portal", template: name)) {
                try renderer().message(for: job(name, values: []))
            }
            #expect(throws: RenderError.missingValue("portal", template: name)) {
                try renderer().message(for: job(name, values: [.flag("portal", true)]))
            }
            #expect(throws: RenderError.missingValue("link", template: name)) {
                try renderer().message(for: job(name, link: nil))
            }
        }
        #expect(throws: RenderError.missingValue("newestOnly", template: "sign-in")) {
            try renderer().message(for: job("sign-in", values: [.text("portal", "a.b"), .text("newestOnly", "x")]))
        }
    }

    @Test("values and secrets that a template does not have are ignored")
    func extra() throws {
        let values: [MailJob.Value] = [.text("portal", "a.b"), .text("other", "x"), .flag("more", true)]
        let message = try renderer().message(for: job("invite", values: values))
        #expect(try message.content == renderer().message(for: job("invite", values: values, code: nil)).content)
        #expect(!message.text.contains("123456"))
    }

    // MARK: - Templates of a folder

    private static let ownWords: String =
        #"{"direction":"ltr","subject":"{{who}}: {{product}}","heading":"For {{who}}","minutes":"{{count}} min"}"#

    @Test("a folder with declared values and English texts is a template")
    func own() throws {
        let templates = try TemplateFolder([
            "alert/layout.values.json": #"{"who":"text","urgent":"flag","note":"optional text","pin":"secret"}"#,
            "alert/en.json": TemplatesByNameTests.ownWords,
            "alert/de.json": TemplatesByNameTests.ownWords.replacing("For", with: "Für"),
            "alert/layout.txt.mustache": "{{heading}} {{pin}}{{#urgent}}!{{/urgent}} {{note}}",
            "alert/layout.html.mustache": "<b>{{heading}}</b> {{pin}}",
        ]).templates()
        #expect(templates.names == ["alert"] + MailTemplates.builtIn.names)
        #expect(templates.languages(of: "alert") == ["de", "en"])
        let issuedAt = UnixTime(milliseconds: 0)
        func job(_ who: String) throws -> MailJob {
            MailJob(
                id: Sample.id, recipients: [try Sample.address(Sample.recipient)],
                content: .template(
                    name: "alert", values: [.text("who", who), .flag("urgent", true)],
                    secrets: [MailJob.Slot("pin", "<1>")], language: "de-AT"), issuedAt: issuedAt,
                expiresAt: issuedAt + .seconds(900))
        }
        let message = try renderer(templates).message(for: job("Ada & Co")).text
        #expect(message.contains("\r\nSubject: Ada & Co: Portal\r\n"))
        #expect(
            message.contains("\r\n\r\nF=C3=BCr Ada & Co <1>! \r\n") || message.contains("F=C3=BCr Ada & Co <1>!=20"))
        #expect(message.contains("<b>F=C3=BCr Ada &amp; Co</b> &lt;1&gt;"))
        // Nothing in a value ends the subject.
        let hostile = try renderer(templates).message(for: job("Ada\r\nBcc: eve@example.com"))
        #expect(!hostile.headerLines.contains { $0.hasPrefix("Bcc") })
    }

    @Test("the layouts of all templates can be replaced in the folder itself, and a template's own come first")
    func sharedLayouts() throws {
        let templates = try TemplateFolder([
            "layout.txt.mustache": "shared {{link}} {{code}}", "invite/layout.txt.mustache": "own {{link}}",
        ]).templates()
        let renderer = try renderer(templates)
        #expect(
            try renderer.message(for: job("verify-email", link: "https://a.b/")).text.contains("shared https://a.b/"))
        #expect(try renderer.message(for: job("sign-in", link: "https://a.b/")).text.contains("shared https://a.b/"))
        #expect(try renderer.message(for: job("invite", link: "https://a.b/")).text.contains("own https://a.b/"))
    }

    static let declarations: [String] = [
        #"{"portal":"number"}"#, #"{"portal":1}"#, #"{"por-tal":"text"}"#, #"{"subject":"text"}"#,
        #"{"lifetime":"text"}"#, #"{"product":"flag"}"#, #"{"":"text"}"#,
    ]

    @Test("a declaration of values that is not valid is refused", arguments: TemplatesByNameTests.declarations)
    func wrongDeclaration(text: String) throws {
        let folder = try TemplateFolder(["sign-in/layout.values.json": text])
        let error = try #require(throws: TemplateError.self) { try folder.templates() }
        #expect(error.description.hasPrefix("sign-in/layout.values.json declares "), "\(error)")
    }

    @Test("a template without English texts, or without the slot of a secret, is refused")
    func incomplete() throws {
        let values = #"{"link":"secret"}"#
        let noWords = try TemplateFolder(["alert/layout.values.json": values])
        #expect(
            try #require(throws: TemplateError.self) { try noWords.templates() }.description
                == "alert/en.json cannot be read")
        let noSlot = try TemplateFolder([
            "alert/layout.values.json": values, "alert/en.json": TemplatesByNameTests.ownWords,
            "alert/layout.html.mustache": "{{heading}}",
        ])
        #expect(
            try #require(throws: TemplateError.self) { try noSlot.templates() }.description
                == "alert/layout.html.mustache has no {{link}}")
    }

    @Test(
        "a layout that lacks the link in some emails is refused, whatever section it is in",
        arguments: [
            "{{#code}}{{link}} {{code}}{{/code}}", "{{^code}}{{link}}{{/code}}{{#code}}{{code}}{{/code}}",
            "{{#newestOnly}}{{link}}{{/newestOnly}}{{#code}}{{code}}{{/code}}",
            "{{^newestOnly}}{{link}}{{/newestOnly}}{{#code}}{{code}}{{/code}}",
            "{{link}}{{#newestOnly}}{{#code}}{{code}}{{/code}}{{/newestOnly}}",
        ])
    func variants(layout: String) throws {
        let folder = try TemplateFolder(["sign-in/layout.txt.mustache": layout])
        #expect(throws: TemplateError.self) { try folder.templates() }
    }

    @Test(
        "a character that joins the one before it, or a byte order mark, does not stop the start",
        arguments: ["\u{301}", "\u{200D}", "\u{FE0F}", "\u{20E3}"])
    func joining(character: String) throws {
        let folder = try TemplateFolder([
            "sign-in/layout.txt.mustache": "\u{FEFF}{{link}}\(character)\r\n{{#code}}{{code}}\(character){{/code}}",
            "sign-in/layout.html.mustache": "\u{FEFF}{{link}}\(character){{#code}}{{code}}\(character){{/code}}",
        ])
        _ = try folder.templates()
    }
}
