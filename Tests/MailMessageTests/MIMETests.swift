@testable import MailMessage
import MailQueue
import Net
import Testing

@Suite
struct MIMETests {
    static let names = [
        "Portal", "My Portal", "Ada \"the Count\" Lovelace, Ltd.", "a\\b", "(c) @ <x>; [y]: z", "end.",
        "O'Neil & Sons <b>", "<b>&\"'", "</title><script>", "two  blanks", "=", "?=", "=?", "{{link}}", "a; b=\"c\"",
        "=?UTF-8?B?SGk=?=", "x =?utf-8?q?y?= z", "=?UTF-8?Q?=0D=0ABcc:_eve@example.com?=",
        "Zoë", "Überprüfung für Straßenanlieger und Anwohner, Außenstelle Süd", "日本語ポータル", "😀 🎉👩‍👩‍👧",
        "שלום עולם", "مرحبا بالعالم", "\u{202E}live", "\u{2068}a\u{2069}", "e\u{301}\u{302}",
        "a\"\u{301} onclick=\"x", "<\u{301}b>",
        String(repeating: "字", count: 100), String(repeating: "😀", count: 100), String(repeating: "x", count: 100),
        String(repeating: "שלום ", count: 19) + "שלום", String(repeating: "word ", count: 19) + "word",
        String(repeating: "\"", count: 60),
    ]

    /// Of 2,499 characters, 800 of which are escapes of three.
    private static func longLink() throws -> (job: (Language) throws -> MailJob, link: String) {
        let next = "/" + String(repeating: "&", count: 800)
        let link = Sample.link + "&next=%2F" + String(repeating: "%26", count: 800)
        return ({ try Sample.job(in: $0, isNewestOnly: true, next: next) }, link)
    }

    @Test("a message is read as what was put in, in every language", arguments: MIMETests.names)
    func read(name: String) async throws {
        let (job, link) = try MIMETests.longLink()
        try #require(link.count == 2499)
        let mail = SignInMail(
            sender: Mailbox(name: name, address: try Sample.address(Sample.sender)), productName: name,
            templates: .builtIn)
        let messages = try Language.allCases.map { mail.message(for: try job($0)) }
        for (language, judgement) in zip(Language.allCases, try await Judgement.of(messages)) {
            #expect(judgement.texts("defects") == [])
            #expect(judgement.text("fromName") == name)
            #expect(judgement.text("from") == Sample.sender)
            #expect(judgement.texts("to") == [Sample.recipient])
            #expect(judgement.text("date") == "2025-01-01T00:00:00+00:00")
            #expect(judgement.text("messageID") == "<\(Sample.id)@example.com>")
            let subject = try #require(MIMETests.subjects[language]).replacing("*", with: name)
            // Names from right to left are isolated (UAX #9), which is seen in another test.
            #expect(judgement.text("subject")?.withoutIsolates == subject.withoutIsolates)
            #expect(judgement.text("title")?.withoutIsolates == subject.withoutIsolates)
            #expect(judgement.texts("labels")?.map(\.withoutIsolates) == [subject.withoutIsolates])
            checkForm(judgement)
            let text = try #require(judgement.text("text"))
            #expect(text.split(whereSeparator: \.isNewline).contains { $0 == link })
            #expect(text.contains(name))
            #expect(judgement.texts("hrefs") == [link, link])
        }
    }

    /// The subjects, with `*` for the product's name.
    private static let subjects: [Language: String] = [
        .english: "Sign in to *", .german: "Anmeldung bei *", .spanish: "Inicio de sesión en *",
        .french: "Connexion à *", .korean: "* 로그인 링크", .japanese: "【*】ログイン用リンクのご案内",
    ]

    /// The form that every message has.
    private func checkForm(_ judgement: Judgement) {
        #expect(judgement.text("type") == "multipart/alternative")
        #expect(judgement.texts("types") == ["text/plain", "text/html"])
        #expect(judgement.texts("charsets") == ["utf-8", "utf-8"])
        #expect(judgement.texts("encodings") == ["quoted-printable", "quoted-printable"])
        // RFC 5322 §2.1.1: at most 998 bytes, and better at most 78.
        #expect(judgement.number("longestLine").map { $0 <= 78 } == true)
        #expect(judgement.number("longestHeaderLine").map { $0 <= 78 } == true)
        #expect(judgement.holds("isASCII"))
        #expect(judgement.holds("endsLines"))
    }

    @Test("no name adds an element to the HTML document")
    func elements() async throws {
        let address = try Sample.address(Sample.sender)
        let job = try Sample.job()
        let messages = MIMETests.names.map { name in
            SignInMail(sender: Mailbox(name: nil, address: address), productName: name, templates: .builtIn)
                .message(for: job)
        }
        let judgements = try await Judgement.of(messages)
        let expected = try #require(judgements.first?.texts("tags"))
        #expect(expected.contains("bdi") && expected.contains("/title"))
        for (name, judgement) in zip(MIMETests.names, judgements) {
            #expect(judgement.texts("tags") == expected, "\(name)")
        }
    }

    @Test("a text from right to left keeps the link from left to right")
    func rightToLeft() async throws {
        let words = TemplateFolder.words(["direction": "rtl", "subject": "שלום {{product}}"])
        let templates = try TemplateFolder(["en.json": words]).templates()
        let mail = SignInMail(
            sender: Mailbox(name: nil, address: try Sample.address(Sample.sender)), productName: "Kiosk",
            templates: templates)
        let judgement = try #require(try await Judgement.of([mail.message(for: try Sample.job())]).first)
        #expect(judgement.texts("defects") == [])
        #expect(judgement.text("subject") == "שלום \u{2068}Kiosk\u{2069}")
        // The document and its parts, then the link's.
        let directions = try #require(judgement.texts("directions"))
        #expect(directions.first == "rtl")
        #expect(directions.suffix(2) == ["ltr", "ltr"])
        #expect(judgement.texts("hrefs") == [Sample.link, Sample.link])
    }

    @Test("addresses as long as they may be are read")
    func longAddresses() async throws {
        let label = String(repeating: "a", count: 61)
        let longest = "\(String(repeating: "b", count: 64))@\(label).\(label).\(label).aa"
        let mail = SignInMail(
            sender: Mailbox(name: "字", address: try Sample.address(longest)), productName: "Portal",
            templates: .builtIn)
        let judgement = try #require(try await Judgement.of([mail.message(for: Sample.job(to: longest))]).first)
        #expect(judgement.texts("defects") == [])
        #expect(judgement.text("from") == longest)
        #expect(judgement.text("fromName") == "字")
        #expect(judgement.texts("to") == [longest])
        #expect(judgement.text("messageID")?.hasSuffix("@\(label).\(label).\(label).aa>") == true)
        #expect(judgement.number("longestLine").map { $0 <= 998 } == true)
    }
}

extension String {
    fileprivate var withoutIsolates: String { String(unicodeScalars.filter { $0 != "\u{2068}" && $0 != "\u{2069}" }) }
}
