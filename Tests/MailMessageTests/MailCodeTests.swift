import Foundation
import MailQueue
import Net
import TestSupport
import Testing

@testable import MailMessage

@Suite
struct MailCodeTests {
    /// Digits that occur nowhere else in an email.
    private static let code = "704915"

    private func mail(_ templates: MailTemplates = .builtIn) throws -> MailRenderer {
        MailRenderer(
            sender: try #require(Mailbox(parsing: "Portal <sign-in@example.com>")), productName: "Portal",
            templates: templates)
    }

    /// The header of a message, and its two decoded alternatives.
    private func parts(of message: MailMessage) throws -> (header: String, text: String, html: String) {
        let parts = message.text.components(separatedBy: "--=_\(message.id)")
        try #require(parts.count == 4)
        var bodies: [String] = []
        for part in parts[1...2] {
            let body = part.components(separatedBy: "\r\n\r\n").dropFirst().joined(separator: "\r\n\r\n")
            let decoded = Sample.decoded(quotedPrintable: Array(body.utf8))
            bodies.append(String(decoding: decoded, as: UTF8.self))
        }
        return (parts[0], bodies[0], bodies[1])
    }

    private func variant(_ language: Language = .english, hasCode: Bool = true) -> SignInVariant {
        SignInVariant(
            language: language, product: "Portal", portal: Sample.portal, isNewestOnly: true, hasCode: hasCode,
            lifetime: .seconds(900))
    }

    // MARK: - The built-in templates

    @Test(
        "the header does not contain the code; the text has it again at its end for autofill, and the HTML in its preview",
        arguments: Sample.languages)
    func once(language: Language) throws {
        for code in [MailCodeTests.code, "000042", "999999"] {
            let job = try Sample.job(in: language, isNewestOnly: true, next: "/a?b=c", code: code)
            #expect(job.code == code)
            let (header, text, html) = try parts(of: mail().message(for: job))
            #expect(!header.contains(code))
            #expect(text.ranges(of: code).count == 2)
            #expect(html.ranges(of: code).count == 2)
            // The form of Apple's domain-bound codes, as the last line.
            let last = text.split(whereSeparator: \.isNewline).last
            #expect(last == "@\(Sample.portal) #\(code)")
            // The preview is the first text of the body.
            let preview = try #require(html.firstRange(of: "<div style=\"display:none"))
            #expect(
                html[preview.upperBound...].firstRange(of: code)?.lowerBound == html.firstRange(of: code)?.lowerBound)
            // The code is on a line, and in an element, of its own, so that it is easy to copy.
            #expect(text.split(whereSeparator: \.isNewline).contains { $0 == code })
            #expect(html.contains(">\(code)</"))
            for part in [text, html] {
                #expect(!part.contains(SlottedText.mark("code").dropLast()))
                #expect(!part.contains("{{"))
            }
            #expect(text.split(whereSeparator: \.isNewline).contains { $0 == job.link })
        }
    }

    @Test("an email without a code does not mention one", arguments: Sample.languages)
    func none(language: Language) throws {
        let with = try parts(of: mail().message(for: Sample.job(in: language, code: MailCodeTests.code)))
        let without = try parts(of: mail().message(for: Sample.job(in: language)))
        #expect(!without.text.contains(MailCodeTests.code) && !without.html.contains(MailCodeTests.code))
        #expect(with.header == without.header)
        // The introduction, the code, the note after it, and the line for autofill.
        let lines = with.text.split(whereSeparator: \.isNewline)
        let others = Set(without.text.split(whereSeparator: \.isNewline))
        let added = lines.filter { !others.contains($0) }
        try #require(added.count == 4)
        #expect(added[1] == MailCodeTests.code)
        #expect(lines.count == others.count + 4)
        for sentence in [added[0], added[2]] {
            #expect(with.html.contains(">\(sentence)</p>"))
            #expect(!without.html.contains(sentence))
        }
        let trimmed = without.text.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(!trimmed.contains("\r\n\r\n\r\n"))
    }

    @Test("each language has its own sentences before and after the code")
    func sentences() throws {
        var before: Set<String> = []
        var after: Set<String> = []
        for language in Sample.languages {
            let page = ReadPage(
                MailTemplates.builtIn.page(for: variant(language)), link: Sample.link, code: MailCodeTests.code)
            let lines = page.text.split(separator: "\n")
            let index = try #require(lines.firstIndex { $0 == MailCodeTests.code })
            before.insert(String(lines[index - 1]))
            after.insert(String(lines[index + 1]))
        }
        #expect(before.count == Sample.languages.count)
        #expect(after.count == Sample.languages.count)
    }

    @Test("emails with and without a code do not share a cached page")
    func cached() throws {
        let mail = try mail()
        for code in [nil, "000000", nil, "123456", "654321", nil] as [String?] {
            let (_, text, html) = try parts(of: mail.message(for: Sample.job(code: code)))
            let digits = text.split(whereSeparator: \.isNewline).filter { $0.count == 6 && Int($0) != nil }
            #expect(digits.map { String($0) } == (code.map { [$0] } ?? []))
            #expect(html.contains("Or enter this code") == (code != nil))
            if let code { #expect(html.contains(">\(code)</")) }
        }
    }

    @Test("a job gives the same bytes each time, and another code changes only the digits")
    func stable() throws {
        let first = try mail().message(for: Sample.job(code: "123456"))
        #expect(try mail().message(for: Sample.job(code: "123456")).content == first.content)
        let second = try mail().message(for: Sample.job(code: "654321"))
        let (one, other) = (try parts(of: first), try parts(of: second))
        #expect(one.header == other.header)
        #expect(one.text.replacing("123456", with: "654321") == other.text)
        #expect(one.html.replacing("123456", with: "654321") == other.html)
        #expect(one.text.ranges(of: "123456").count == 2 && one.html.ranges(of: "123456").count == 2)
        #expect(first.id == second.id)
    }

    @Test("another parser finds the code in every language")
    func parsed() async throws {
        let mail = try mail()
        let jobs = try Sample.languages.map { try Sample.job(in: $0, isNewestOnly: true, code: MailCodeTests.code) }
        let parsedMessages = try await ParsedMessage.parse(jobs.map { try mail.message(for: $0) })
        for parsed in parsedMessages {
            #expect(parsed.texts("defects") == [])
            let text = try #require(parsed.text("text"))
            #expect(text.split(whereSeparator: \.isNewline).contains { $0 == MailCodeTests.code })
            #expect(parsed.texts("hrefs") == [Sample.link, Sample.link])
            #expect(parsed.number("longestLine").map { $0 <= 78 } == true)
            #expect(parsed.isTrue("isASCII"))
        }
    }

    // MARK: - Custom layouts

    /// Layouts with their expected output, in which `L` is the link and `C` the code.
    static let layouts: [(String, String)] = [
        ("{{link}} {{code}}", "L C"), ("{{code}} {{link}}", "C L"), ("{{link}}{{code}}", "LC"),
        ("{{code}}{{link}}", "CL"), ("{{code}}{{link}}{{code}}", "CLC"), ("{{link}}{{code}}{{link}}", "LCL"),
        ("{{code}}{{code}}{{link}}{{link}}", "CCLL"), ("a{{code}}b{{link}}c{{code}}{{code}}d", "aCbLcCCd"),
        ("{{#code}}({{code}}){{/code}}{{link}}", "(C)L"), ("{{link}}{{#code}} or {{code}}{{/code}}.", "L or C."),
        ("{{link}}\n{{code}}\n", "L\nC\n"), ("x\n{{code}} {{link}}\ny\n{{code}}\n", "x\nC L\ny\nC\n"),
        ("{{link}} {{code}}\r\n", "L C\n"), ("code-{{code}}-link-{{link}}-&", "code-C-link-L-&"),
        ("{{{code}}} {{link}}", "C L"),
    ]

    @Test("a line can contain code and link in any order and number", arguments: MailCodeTests.layouts)
    func oneLine(layout: String, expected: String) throws {
        let link = "https://a.example/?a=1&b=2"
        let files = ["sign-in.txt.mustache": layout, "sign-in.html.mustache": layout]
        let templates = try TemplateFolder(files).templates()
        let page = ReadPage(templates.page(for: variant()), link: link, code: MailCodeTests.code)
        // The code first, because the link may contain the letter C.
        let coded = expected.replacing("C", with: MailCodeTests.code)
        #expect(page.text == coded.replacing("L", with: link))
        #expect(page.html == coded.replacing("L", with: "https://a.example/?a=1&amp;b=2"))
        // A page is used for many emails.
        var again: [UInt8] = []
        templates.page(for: variant()).text.append(to: &again, secrets: [link, "000000"])
        let text = String(decoding: Sample.decoded(quotedPrintable: again), as: UTF8.self)
        #expect(text.ranges(of: "000000").count == expected.count { $0 == "C" })
    }

    @Test("a layout without the code is refused, and the error names it", arguments: ["html", "txt"])
    func missingCode(kind: String) throws {
        let name = "sign-in.\(kind).mustache"
        for layout in [
            "{{link}}", "{{link}}{{#code}}{{/code}}", "{{link}}{{#code}}Your code{{/code}}", "{{link}}{{Code}}",
            "{{link}}{{codeIntro}}{{codeOnce}}", "{{link}}{{^code}}{{code}}{{/code}}",
            "{{link}}{{#newest}}code{{/newest}}", "{{link}} code {code} {{codes}}",
        ] {
            let folder = try TemplateFolder([name: layout])
            let error = try #require(throws: TemplateError.self, "\(layout)") { try folder.templates() }
            #expect(error.description == "\(name) has no {{#code}} section that contains {{code}}", "\(layout)")
        }
    }

    @Test("a layout without link and code is refused because of the link", arguments: ["html", "txt"])
    func missingBoth(kind: String) throws {
        let name = "sign-in.\(kind).mustache"
        for layout in ["", "Hello", "{{code}}", "{{#code}}{{code}}{{/code}}"] {
            let folder = try TemplateFolder([name: layout])
            let error = try #require(throws: TemplateError.self) { try folder.templates() }
            #expect(error.description == "\(name) has no {{link}}")
        }
    }

    @Test(
        "a section for the code is rendered only with a code",
        arguments: ["html", "txt"])
    func section(kind: String) throws {
        let layout = "{{link}}\n{{#code}}\n{{codeIntro}} {{code}} {{codeOnce}}\n{{/code}}\nend\n"
        let words = TemplateFolder.words(["codeIntro": "Take", "codeOnce": "once"])
        let templates = try TemplateFolder(["sign-in.\(kind).mustache": layout, "en.json": words]).templates()
        let with = ReadPage(templates.page(for: variant()), link: Sample.link, code: MailCodeTests.code)
        let without = ReadPage(templates.page(for: variant(hasCode: false)), link: Sample.link)
        let (page, bare) = kind == "html" ? (with.html, without.html) : (with.text, without.text)
        #expect(page == "\(Sample.link)\nTake \(MailCodeTests.code) once\nend\n")
        #expect(bare == "\(Sample.link)\nend\n")
    }
}
