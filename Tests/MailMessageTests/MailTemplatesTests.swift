import Net
import TestSupport
import Testing

@testable import MailMessage

@Suite
struct MailTemplatesTests {
    private func page(
        of templates: MailTemplates = .builtIn, in language: Language = .english, product: String = "Portal",
        portal: String = Sample.portal, link: String = Sample.link, isNewestOnly: Bool = false,
        lifetime: Duration = .seconds(900)
    ) -> ReadPage {
        ReadPage(
            templates.page(
                for: SignInVariant(
                    language: language, product: product, portal: portal, isNewestOnly: isNewestOnly, hasCode: false,
                    lifetime: lifetime)),
            link: link)
    }

    @Test(
        "every language has a subject, a text and an HTML document without leftover tags",
        arguments: Sample.languages, [false, true])
    func complete(language: Language, isNewestOnly: Bool) {
        let page = page(in: language, product: "Kiosk", isNewestOnly: isNewestOnly)
        for text in [page.subject, page.text, page.html] {
            #expect(!text.contains("{{"), "\(text)")
            #expect(text.contains("Kiosk"))
        }
        #expect(page.text.contains(Sample.portal) && page.html.contains(Sample.portal))
        #expect(page.text.split(separator: "\n").contains { $0 == Sample.link })
        let direction = Sample.rightToLeft.contains(language) ? "rtl" : "ltr"
        #expect(page.html.hasPrefix("<!doctype html>\n<html lang=\"\(language.tag)\" dir=\"\(direction)\">"))
        // Some mail programs keep only what is in the body.
        #expect(
            page.html.contains(
                "<div role=\"article\" aria-label=\"\(page.subject)\" lang=\"\(language.tag)\" dir=\"\(direction)\">"))
        #expect(page.html.contains("<title>\(page.subject)</title>"))
    }

    @Test("the English text is exactly this")
    func english() {
        let page = page(isNewestOnly: true)
        #expect(page.subject == "Sign in to Portal")
        let lines = [
            "Your sign-in link", "",
            "We received a request to sign in to Portal at portal.example.com.", "", Sample.link, "",
            "The link works once and expires 15 minutes after it was requested.",
            "When you sign in with this link, links that you requested before it stop working.", "",
            "If you didn’t ask to sign in, you can ignore this email. Don’t forward it: anyone who has it can sign in "
                + "as you.", "",
            "This email was sent automatically after a sign-in request at portal.example.com. Replies may not be read.",
        ]
        // The number of empty lines at the end does not matter.
        #expect(page.text.hasPrefix(lines.joined(separator: "\n") + "\n"))
        #expect(page.text.split(separator: "\n").count == lines.count { !$0.isEmpty })
    }

    @Test("each language has its own subject", arguments: Sample.languages)
    func subject(language: Language) throws {
        let expected = try #require(Sample.subjects[language]).replacing("*", with: "Kiosk")
        let subject = page(in: language, product: "Kiosk").subject
        #expect(subject.withoutIsolates == expected)
        #expect((subject != expected) == Sample.rightToLeft.contains(language))
    }

    @Test("a lifetime is given in whole hours, or in minutes rounded down", arguments: Sample.languages)
    func lifetime(language: Language) throws {
        for (duration, words) in zip(Sample.durations, try #require(Sample.lifetimes[language])) {
            let page = page(in: language, portal: "a.example", link: "https://a.example/", lifetime: duration)
            for text in [page.text, page.html].map({ $0.replacing("\u{A0}", with: " ") }) {
                let range = try #require(text.firstRange(of: words), "\(words)")
                // The match is the whole number and the whole word.
                #expect(text[..<range.lowerBound].last?.isNumber == false, "\(words)")
                #expect(text[range.upperBound...].first.map { $0.isASCII && $0.isLetter } == false, "\(words)")
            }
        }
    }

    @Test("the email says that only the newest link works if that is so", arguments: Sample.languages)
    func newest(language: Language) {
        let (with, without) = (page(in: language, isNewestOnly: true), page(in: language))
        #expect(with.subject == without.subject)
        let added = Set(with.text.split(separator: "\n")).subtracting(without.text.split(separator: "\n"))
        #expect(added.count == 1)
        #expect(added.allSatisfy { with.html.contains(">\($0)</p>") && !without.html.contains($0) })
        #expect(with.text.split(separator: "\n").count == without.text.split(separator: "\n").count + 1)
    }

    @Test("names are escaped in HTML, and unchanged in plain text", arguments: Sample.languages)
    func escaping(language: Language) {
        let page = page(
            in: language, product: "<b>&\"'", portal: "[::1]:8443", link: "https://a.example/?a=1&b=<'\">")
        #expect(page.subject.contains("<b>&\"'"))
        #expect(page.text.contains("<b>&\"'"))
        #expect(page.text.split(separator: "\n").contains("https://a.example/?a=1&b=<'\">"))
        #expect(!page.html.contains("<b>"))
        #expect(page.html.contains("&lt;b&gt;&amp;&quot;&#39;"))
        #expect(!page.html.contains("&amp;amp;"))
        #expect(page.html.contains("href=\"https://a.example/?a=1&amp;b=&lt;&#39;&quot;&gt;\""))
    }

    @Test("a character with a combining mark is escaped too", arguments: ["<", ">", "&", "\"", "'"])
    func combining(sign: String) {
        let page = page(product: "a\(sign)\u{301}b")
        let scalars = Array(page.html.unicodeScalars)
        let marks = scalars.indices.filter { scalars[$0] == "\u{301}" }
        #expect(!marks.isEmpty)
        // The character before each mark ends an escape.
        #expect(marks.allSatisfy { scalars[$0 - 1] == ";" })
        #expect(page.text.contains("a\(sign)\u{301}b"))
    }

    @Test(
        "template tags in a name are not expanded", arguments: ["{{link}}", "{{{link}}}", "{{#a}}", "{{"])
    func templateInName(product: String) {
        let page = page(product: product)
        #expect(page.subject == "Sign in to \(product)")
        #expect(page.text.contains(" to \(product) at "))
        #expect(page.html.ranges(of: Sample.link).count == 3)
    }

    @Test("each of many portals and products gets its own page")
    func manyPortals() {
        for number in Array(0..<600) + Array(0..<600).reversed() {
            let page = page(product: "P\(number)", portal: "p\(number).example.com")
            #expect(page.subject == "Sign in to P\(number)")
            #expect(page.text.contains(" to P\(number) at p\(number).example.com."))
        }
    }

    @Test("pages that are rendered at the same time do not mix")
    func concurrently() async {
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                group.addTask {
                    for round in 0..<20 {
                        let page = page(product: "P\(number)", portal: "p\(round * number).example.com")
                        #expect(page.text.contains(" to P\(number) at p\(round * number).example.com."))
                    }
                }
            }
        }
    }
}
