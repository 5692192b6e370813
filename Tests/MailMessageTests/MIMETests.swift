import MailQueue
import Net
import Testing

@testable import MailMessage

@Suite
struct MIMETests {
    static let names = [
        "Portal", "My Portal", "Ada \"the Count\" Lovelace, Ltd.", "a\\b", "(c) @ <x>; [y]: z", "end.",
        "O'Neil & Sons <b>", "<b>&\"'", "</title><script>", "two  spaces", "=", "?=", "=?", "{{link}}", "a; b=\"c\"",
        "=?UTF-8?B?SGk=?=", "x =?utf-8?q?y?= z", "=?UTF-8?Q?=0D=0ABcc:_eve@example.com?=",
        "Zoë", "Überprüfung für Straßenanlieger und Anwohner, Außenstelle Süd", "日本語ポータル", "😀 🎉👩‍👩‍👧",
        "שלום עולם", "مرحبا بالعالم", "\u{202E}live", "\u{2068}a\u{2069}", "e\u{301}\u{302}",
        "a\"\u{301} onclick=\"x", "<\u{301}b>",
        String(repeating: "字", count: 100), String(repeating: "😀", count: 100), String(repeating: "x", count: 100),
        String(repeating: "שלום ", count: 19) + "שלום", String(repeating: "word ", count: 19) + "word",
        String(repeating: "\"", count: 60),
    ]

    /// A link of 2,499 characters with 800 percent-encoded bytes, and a function that makes its job.
    private static func longLink() throws -> (job: (Language) throws -> MailJob, link: String) {
        let next = "/" + String(repeating: "&", count: 800)
        let link = Sample.link + "&next=%2F" + String(repeating: "%26", count: 800)
        return ({ try Sample.job(in: $0, isNewestOnly: true, next: next) }, link)
    }

    @Test("another parser reads the values that were written, in every language", arguments: MIMETests.names)
    func read(name: String) async throws {
        let (job, link) = try MIMETests.longLink()
        try #require(link.count == 2499)
        let mail = MailRenderer(
            sender: Mailbox(name: name, address: try Sample.address(Sample.sender)), productName: name,
            templates: .builtIn)
        let messages = try Sample.languages.map { try mail.message(for: job($0)) }
        for (language, parsed) in zip(Sample.languages, try await ParsedMessage.parse(messages)) {
            #expect(parsed.texts("defects") == [])
            #expect(parsed.text("fromName") == name)
            #expect(parsed.text("from") == Sample.sender)
            #expect(parsed.texts("to") == [Sample.recipient])
            #expect(parsed.text("date") == "2025-01-01T00:00:00+00:00")
            #expect(parsed.text("messageID") == "<\(Sample.id)@example.com>")
            let subject = try #require(Sample.subjects[language]).replacing("*", with: name)
            // Right-to-left names are isolated (UAX #9), which another test checks.
            #expect(parsed.text("subject")?.withoutIsolates == subject.withoutIsolates)
            #expect(parsed.text("title")?.withoutIsolates == subject.withoutIsolates)
            #expect(parsed.texts("labels")?.map(\.withoutIsolates) == [subject.withoutIsolates])
            checkForm(parsed)
            let text = try #require(parsed.text("text"))
            #expect(text.split(whereSeparator: \.isNewline).contains { $0 == link })
            #expect(text.contains(name))
            #expect(parsed.texts("hrefs") == [link, link])
        }
    }

    /// Checks the structure, encodings and line lengths that all messages share.
    private func checkForm(_ parsed: ParsedMessage) {
        #expect(parsed.text("type") == "multipart/alternative")
        #expect(parsed.texts("types") == ["text/plain", "text/html"])
        #expect(parsed.texts("charsets") == ["utf-8", "utf-8"])
        #expect(parsed.texts("encodings") == ["quoted-printable", "quoted-printable"])
        // RFC 5322 §2.1.1: lines must have at most 998 characters, and should have at most 78.
        #expect(parsed.number("longestLine").map { $0 <= 78 } == true)
        #expect(parsed.number("longestHeaderLine").map { $0 <= 78 } == true)
        #expect(parsed.isTrue("isASCII"))
        #expect(parsed.isTrue("endsLines"))
    }

    @Test("no name adds an element to the HTML document")
    func elements() async throws {
        let address = try Sample.address(Sample.sender)
        let job = try Sample.job()
        let messages = try MIMETests.names.map { name in
            try MailRenderer(sender: Mailbox(name: nil, address: address), productName: name, templates: .builtIn)
                .message(for: job)
        }
        let parsedMessages = try await ParsedMessage.parse(messages)
        let expected = try #require(parsedMessages.first?.texts("tags"))
        #expect(expected.contains("bdi") && expected.contains("/title"))
        for (name, parsed) in zip(MIMETests.names, parsedMessages) {
            #expect(parsed.texts("tags") == expected, "\(name)")
        }
    }

    @Test("the link stays left-to-right in a right-to-left text")
    func rightToLeft() async throws {
        let words = TemplateFolder.words(["direction": "rtl", "subject": "שלום {{product}}"])
        let templates = try TemplateFolder(["en.json": words]).templates()
        let mail = MailRenderer(
            sender: Mailbox(name: nil, address: try Sample.address(Sample.sender)), productName: "Kiosk",
            templates: templates)
        let parsed = try #require(try await ParsedMessage.parse([mail.message(for: try Sample.job())]).first)
        #expect(parsed.texts("defects") == [])
        #expect(parsed.text("subject") == "שלום \u{2068}Kiosk\u{2069}")
        // First the document and its parts, last the link.
        let directions = try #require(parsed.texts("directions"))
        #expect(directions.first == "rtl")
        #expect(directions.suffix(2) == ["ltr", "ltr"])
        #expect(parsed.texts("hrefs") == [Sample.link, Sample.link])
    }

    @Test("addresses of the maximum length can be read")
    func longAddresses() async throws {
        let label = String(repeating: "a", count: 61)
        let longest = "\(String(repeating: "b", count: 64))@\(label).\(label).\(label).aa"
        let mail = MailRenderer(
            sender: Mailbox(name: "字", address: try Sample.address(longest)), productName: "Portal",
            templates: .builtIn)
        let parsed = try #require(try await ParsedMessage.parse([mail.message(for: Sample.job(to: longest))]).first)
        #expect(parsed.texts("defects") == [])
        #expect(parsed.text("from") == longest)
        #expect(parsed.text("fromName") == "字")
        #expect(parsed.texts("to") == [longest])
        #expect(parsed.text("messageID")?.hasSuffix("@\(label).\(label).\(label).aa>") == true)
        #expect(parsed.number("longestLine").map { $0 <= 998 } == true)
    }
}
