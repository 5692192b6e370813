import Cryptography
import Foundation
import Net
import Platform
import TestSupport
import Testing
import Web

@testable import SignIn

@Suite
struct ConfirmationPageTests {
    private static let elements: Set<String> = [
        "!doctype", "html", "head", "meta", "title", "style", "body", "main", "h1", "p", "form", "input", "button", "a",
    ]
    private static let attributes: Set<String> = [
        "lang", "dir", "charset", "name", "content", "method", "action", "type", "value", "class", "href",
    ]
    /// Elements without an end tag.
    private static let empty: Set<String> = ["!doctype", "meta", "input"]

    /// A page and its name.
    private struct Named {
        let name: String
        let page: ConfirmationPage

        var html: ConfirmationHTML { ConfirmationHTML(String(decoding: page.html, as: UTF8.self)) }
    }

    /// A record in which every value has characters to escape.
    private func record() throws -> TokenRecord {
        TokenRecord(
            email: try #require(EmailAddress(parsing: "'o+hara'x@example.com")),
            origin: try Origin(parsing: "http://localhost:3000"),
            next: try PortalPath(parsing: "/\"><script>alert('next')</script>&amp;"), issuedAt: .now(),
            expiresAt: .now() + .seconds(900))
    }

    /// Every page in one language.
    private func pages(_ language: Language, _ token: LoginToken) throws -> [Named] {
        let pages = ConfirmationPages(in: language)
        let record = try record()
        var all = [
            Named(name: "open", page: pages.confirm(record, token)), Named(name: "unknown", page: pages.unknown()),
            Named(name: "sent", page: pages.sent(record)),
            Named(name: "limited", page: pages.limited(retryAfter: .seconds(17), token)),
            Named(name: "limited, unknown", page: pages.limited(retryAfter: .seconds(17), nil)),
            Named(
                name: "unavailable", page: pages.unavailable(.serviceUnavailable(retryAfter: .seconds(1)), token)),
            Named(name: "broken", page: pages.unavailable(.internalError, nil)),
        ]
        for reason in LinkState.Reason.allCases {
            all.append(Named(name: "unusable", page: pages.unusable(reason, record, token)))
        }
        return all
    }

    @Test(
        "a page has only plain elements and one heading, no script, and loads nothing",
        arguments: ConfirmationWords.builtInLanguages)
    func structure(language: Language) throws {
        let token = try LoginToken(random: .system)
        for named in try pages(language, token) {
            let html = named.html
            let direction = ["ar", "he"].contains(language.tag) ? "rtl" : "ltr"
            let start = "<!doctype html>\n<html lang=\"\(language.tag)\" dir=\"\(direction)\">\n"
            #expect(html.text.hasPrefix(start), "\(named.name)")
            let starts = html.elements.filter { !ConfirmationPageTests.empty.contains($0) }
            #expect(Set(html.elements).isSubset(of: ConfirmationPageTests.elements), "\(named.name)")
            #expect(starts.sorted() == html.ends.sorted(), "\(named.name)")
            for element in ["html", "head", "title", "style", "body", "main", "h1"] {
                #expect(starts.count { $0 == element } == 1, "\(named.name): \(element)")
            }
            let attributes = Set(html.attributes.map { $0.name })
            #expect(attributes.isSubset(of: ConfirmationPageTests.attributes), "\(named.name): \(attributes)")
            for text in ["url(", "@import", "expression(", "javascript:", "http-equiv", "<!--", "alert(", "hara"] {
                #expect(!html.text.contains(text), "\(named.name): \(text)")
            }
            let title = try #require(html.content(of: "title"))
            #expect(!title.isEmpty)
            #expect(html.content(of: "h1") == title, "\(named.name)")
            let paragraph = try #require(html.content(of: "p"))
            #expect(!paragraph.isEmpty)
            for meta in [
                #"<meta charset="utf-8">"#, #"<meta name="robots" content="noindex,nofollow">"#,
                #"<meta name="referrer" content="no-referrer">"#,
            ] {
                #expect(html.text.contains(meta), "\(named.name)")
            }
        }
    }

    @Test("a page links to the portal and to itself, and nowhere else", arguments: ConfirmationWords.builtInLanguages)
    func links(language: Language) throws {
        let token = try LoginToken(random: .system)
        for named in try pages(language, token) {
            let expected: [String] =
                switch named.name {
                case "unusable", "sent": ["http://localhost:3000/"]
                case "limited", "unavailable": ["open?token=\(token.text)"]
                default: []
                }
            let html = named.html
            #expect(html.values(of: "href") == expected, "\(named.name)")
            let urlCount = expected.count { $0.hasPrefix("http") }
            #expect(html.text.ranges(of: "://").count == urlCount, "\(named.name)")
            if !expected.isEmpty {
                let label = try #require(html.content(of: "a"))
                #expect(!label.isEmpty, "\(named.name)")
                if urlCount > 0 { #expect(label.contains("localhost:3000")) }
            }
        }
    }

    @Test(
        "a page has at most one button, which opens the link or requests another",
        arguments: ConfirmationWords.builtInLanguages)
    func button(language: Language) throws {
        let token = try LoginToken(random: .system)
        for named in try pages(language, token) {
            let html = named.html
            let hasButton = named.name == "open" || named.name == "unusable"
            for element in ["form", "button"] {
                #expect(html.elements.count { $0 == element } == (hasButton ? 1 : 0), "\(named.name)")
            }
            #expect(html.values(of: "method") == (hasButton ? ["post"] : []))
            #expect(html.values(of: "action") == (hasButton ? ["open"] : []))
            let values = named.name == "open" ? [token.text] : hasButton ? [token.text, "1"] : []
            #expect(html.values(of: "value") == values)
            let isAgain = html.text.contains(#"<input type="hidden" name="again" value="1">"#)
            #expect(isAgain == (named.name == "unusable"))
            let hasToken = hasButton || named.name == "limited" || named.name == "unavailable"
            #expect(html.text.ranges(of: token.text).count == (hasToken ? 1 : 0), "\(named.name)")
            if hasButton { #expect(html.content(of: "button")?.isEmpty == false) }
        }
    }

    @Test(
        "a page shows only the first character and the domain of the address, and only where that helps",
        arguments: ConfirmationWords.builtInLanguages)
    func masked(language: Language) throws {
        let token = try LoginToken(random: .system)
        for named in try pages(language, token) {
            let text = named.html.text
            let isShown = named.name == "unusable" || named.name == "sent"
            #expect(text.contains("&#39;…\u{2060}@example.com") == isShown, "\(named.name)")
            #expect(text.contains("@example.com") == isShown, "\(named.name)")
            if named.name == "unusable" {
                #expect(named.html.content(of: "button")?.contains("@example.com") == true)
            }
        }
    }

    @Test(
        "a page's fields keep it out of caches, frames, referrers and indexes",
        arguments: ConfirmationWords.builtInLanguages)
    func fields(language: Language) throws {
        let token = try LoginToken(random: .system)
        let statuses = [
            "open": 200, "sent": 200, "unusable": 410, "unknown": 410, "limited": 429, "limited, unknown": 429,
            "unavailable": 503, "broken": 500,
        ]
        for named in try pages(language, token) {
            let response = named.page.response
            #expect(response.body == named.page.html)
            #expect(response.status.rawValue == statuses[named.name], "\(named.name)")
            #expect(response.fields[.contentType] == "text/html; charset=utf-8")
            #expect(response.fields[.contentLanguage] == language.tag)
            #expect(response.fields[.referrerPolicy] == "no-referrer")
            #expect(response.fields[.robotsTag] == "noindex, nofollow")
            let wait = ["limited": "17", "limited, unknown": "17", "unavailable": "1"][named.name]
            #expect(response.fields[.retryAfter] == wait, "\(named.name)")
            if wait == "17" { #expect(named.html.text.contains("17")) }

            // Browsers compare the digest of the bytes between the tags.
            let style = try #require(named.html.content(of: "style"))
            let digest = Data(Digest.sha256.bytes(of: Array(style.utf8))).base64EncodedString()
            let target = named.name == "open" ? "'self' http: https:" : "'self'"
            let policy =
                "default-src 'none'; style-src 'sha256-\(digest)'; form-action \(target); base-uri 'none'; "
                + "frame-ancestors 'none'"
            #expect(response.fields[.contentSecurityPolicy] == policy, "\(named.name)")
        }
    }

    @Test(
        "a wait is shown in whole seconds, rounded up, and at least 1",
        arguments: [
            (.zero, "1"), (.milliseconds(1), "1"), (.seconds(1), "1"), (.milliseconds(1500), "2"),
            (.microseconds(59_000_001), "60"), (.seconds(900), "900"),
        ] as [(Duration, String)])
    func wait(duration: Duration, seconds: String) {
        let page = ConfirmationPages(in: .english).limited(retryAfter: duration, nil)
        #expect(page.response.fields[.retryAfter] == seconds)
        #expect(page.response.text.contains("Too many requests. Try again in \(seconds)\u{A0}sec."))
    }

    @Test("in a language from right to left, host and address are isolated", arguments: ["ar", "he"] as [Language])
    func rightToLeft(language: Language) throws {
        for named in try pages(language, try LoginToken(random: .system)) {
            let text = named.html.text.replacing("http://localhost:3000", with: "")
            for value in ["localhost:3000", "&#39;…\u{2060}@example.com"] {
                let isolated = text.ranges(of: "\u{2068}\(value)\u{2069}").count
                #expect(text.ranges(of: value).count == isolated, "\(named.name): \(value)")
            }
        }
    }

    // MARK: - Escaping

    @Test(
        "no text adds a tag to a page, and every text is displayed unchanged",
        arguments: [
            "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onclick='alert(1)", "</title><script>",
            "</style><script>", "</main></body>", "<!--", "-->", "]]>", "&", "&amp;", "&lt;b&gt;", "&#60;b>", "'\"`",
            "<\u{301}b>", "a\"\u{301} onclick=\"x", "\u{202E}<b>", "{portal}", "<", ">", "a<b", "\u{0}<b>", "字<b>",
        ])
    func escaping(text: String) throws {
        let token = try LoginToken(random: .system)
        func page(_ text: String) -> ConfirmationHTML {
            let page = ConfirmationPage(
                status: .ok, language: .english, title: text, text: text,
                button: ConfirmationPage.Button(token: token, sendsAgain: true, label: text), note: text,
                link: ConfirmationPage.Link(url: text, label: text))
            return ConfirmationHTML(String(decoding: page.html, as: UTF8.self))
        }
        let (hostile, harmless) = (page(text), page("x"))
        #expect(hostile.elements == harmless.elements)
        #expect(hostile.ends == harmless.ends)
        #expect(hostile.attributes.map { $0.name } == harmless.attributes.map { $0.name })
        for element in ["title", "h1", "p", "button", "a"] {
            let content = try #require(hostile.content(of: element))
            #expect(Array(ConfirmationHTML.unescaped(content).utf8) == Array(text.utf8), "\(element)")
        }
        let url = try #require(hostile.values(of: "href").first)
        #expect(Array(ConfirmationHTML.unescaped(url).utf8) == Array(text.utf8))
    }
}
