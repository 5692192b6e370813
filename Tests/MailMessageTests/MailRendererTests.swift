import Foundation
import MailQueue
import Net
import Platform
import SignIn
import TestSupport
import Testing

@testable import MailMessage

@Suite
struct MailRendererTests {
    /// A renderer of messages for a product.
    private func mail(
        _ product: String = "Portal", from mailbox: String = "Portal <sign-in@example.com>",
        _ templates: MailTemplates = .builtIn
    ) throws -> MailRenderer {
        MailRenderer(sender: try #require(Mailbox(parsing: mailbox)), productName: product, templates: templates)
    }

    /// The fields of the header, unfolded.
    private func fields(of message: MailMessage) -> [String] {
        message.headerLines.joined(separator: "\r\n").replacingOccurrences(of: "\r\n ", with: " ")
            .components(separatedBy: "\r\n")
    }

    @Test("the header has exactly these fields")
    func header() throws {
        let message = try mail().message(for: Sample.job())
        #expect(
            fields(of: message) == [
                "Date: Wed, 01 Jan 2025 00:00:00 +0000",
                "From: Portal <sign-in@example.com>",
                "To: <ada@example.com>",
                "Subject: Sign in to Portal",
                "Message-ID: <d90bad97384181273203dd0f8cc30e16@example.com>",
                "MIME-Version: 1.0",
                "Content-Language: en",
                "Auto-Submitted: auto-generated",
                "X-Auto-Response-Suppress: All",
                "X-Entity-Ref-ID: d90bad97384181273203dd0f8cc30e16",
                "Content-Type: multipart/alternative; boundary=\"=_d90bad97384181273203dd0f8cc30e16\"",
            ])
    }

    @Test("a message has the job's id, and the addresses of sender and recipient as its envelope")
    func envelope() throws {
        let message = try mail(from: "Portal <sign-in@mail.example.com>").message(
            for: Sample.job(to: "Bob@Example.org"))
        #expect(message.id == Sample.id)
        #expect(message.sender.text == "sign-in@mail.example.com")
        #expect(message.recipients.map(\.text) == ["bob@example.org"])
        #expect(fields(of: message).contains("Message-ID: <\(Sample.id)@mail.example.com>"))
        #expect(fields(of: message).contains("To: <bob@example.org>"))
    }

    @Test("a sender without a name is written as an address alone")
    func nameless() throws {
        let message = try mail(from: "sign-in@example.com").message(for: Sample.job())
        #expect(fields(of: message).contains("From: <sign-in@example.com>"))
    }

    @Test("the body has two alternatives, plain text first")
    func body() throws {
        let parts = try mail().message(for: Sample.job()).text.components(separatedBy: "--=_\(Sample.id)")
        try #require(parts.count == 4)
        let encoding = "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        #expect(parts[1].hasPrefix("\r\nContent-Type: text/plain; charset=utf-8\r\n\(encoding)Your sign-in link\r\n"))
        #expect(parts[2].hasPrefix("\r\nContent-Type: text/html; charset=utf-8\r\n\(encoding)<!doctype html>\r\n"))
        #expect(parts[3] == "--\r\n")
    }

    @Test("a job gives the same bytes each time, and with each renderer", arguments: Sample.languages)
    func stable(language: Language) throws {
        let job = try Sample.job(in: language, isNewestOnly: true, next: "/a?b=c")
        let message = try mail().message(for: job)
        #expect(try mail().message(for: job).content == message.content)
        let templates = try MailTemplates(folder: nil)
        #expect(try mail("Portal", templates).message(for: job).content == message.content)
        #expect(fields(of: message).contains("Content-Language: \(language.tag)"))
    }

    @Test("another token gives another Message-ID")
    func otherToken() throws {
        // The first half of the SHA-256 of the token of the bytes 00 to 1f.
        let message = try mail().message(for: Sample.job(from: 0))
        #expect(message.id == "ea866a757e4c38babfa8127cbe9a409d")
        #expect(fields(of: message).contains("Message-ID: <ea866a757e4c38babfa8127cbe9a409d@example.com>"))
    }

    static let lifetimes: [(Duration, String)] = [
        (.seconds(60), "1 minute"), (.seconds(900), "15 minutes"), (.seconds(3600), "1 hour"),
        (.seconds(5400), "90 minutes"), (.seconds(86_400), "24 hours"),
    ]

    @Test("the lifetime counts from the request for the link", arguments: MailRendererTests.lifetimes)
    func lifetime(duration: Duration, words: String) throws {
        let message = try mail().message(for: Sample.job(lifetime: duration))
        #expect(message.text.contains("\r\nThe link works once and expires \(words) after it was requested.\r\n"))
        #expect(message.headerLines.first == "Date: Wed, 01 Jan 2025 00:00:00 +0000")
    }

    @Test("the portal is named with its port, and the link is the job's")
    func portal() throws {
        let link = MagicLink(
            origin: try Origin(parsing: "http://localhost:3000"), callbackPath: try PortalPath(parsing: "/in"),
            token: try LoginToken(random: .counting(from: 0xE0)), next: nil)
        let job = MailJob(
            for: SignInRequest(link: link, recipient: try Sample.address("ada@example.com")),
            issuedAt: UnixTime(milliseconds: 0), expiresAt: UnixTime(milliseconds: 900_000))
        let message = try mail().message(for: job)
        #expect(message.headerLines.first == "Date: Thu, 01 Jan 1970 00:00:00 +0000")
        let text = message.text.replacingOccurrences(of: "=\r\n", with: "")
        #expect(text.contains(" at localhost:3000.\r\n"))
        // `=3D` is the encoded `=` after `token`.
        #expect(text.contains("\r\nhttp://localhost:3000/in?token=3D\(Sample.token)\r\n"))
    }

    // MARK: - Header injection

    static let hostile = [
        "Zoë", "字", String(repeating: "字", count: 100), String(repeating: "x", count: 100), "\u{202E}live", "a: b",
        "Bcc: eve@example.com", "=0D=0ABcc: eve@example.com", "=?UTF-8?Q?=0D=0ABcc:_eve@example.com?=", "\\r\\nBcc: x",
        "%0D%0ABcc: eve@example.com", "\"; Bcc: eve@example.com", "x\" <eve@example.com>, \"", "<eve@example.com>",
        "👩‍👩‍👧 \u{FEFF}", "{{link}}", "e" + String(repeating: "\u{301}", count: 1000),
    ]

    @Test("no name adds a field, a recipient or a byte that is not ASCII", arguments: MailRendererTests.hostile)
    func hostileName(name: String) throws {
        let mailbox = Mailbox(name: name, address: try Sample.address(Sample.sender))
        let message = try MailRenderer(sender: mailbox, productName: name, templates: .builtIn).message(
            for: Sample.job())
        let fields = fields(of: message)
        try #require(
            fields.compactMap { $0.split(separator: ":").first } == [
                "Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Language", "Auto-Submitted",
                "X-Auto-Response-Suppress", "X-Entity-Ref-ID", "Content-Type",
            ])
        #expect(fields[1].hasSuffix(" <sign-in@example.com>"))
        #expect(fields[2] == "To: <ada@example.com>")
        #expect(message.content.allSatisfy { (0x20...0x7E).contains($0) || [0x09, 0x0A, 0x0D].contains($0) })
        #expect(message.headerLines.allSatisfy { $0.utf8.count <= 998 })
    }

    @Test(
        "a subject of several lines becomes one line",
        arguments: ["\\r\\n", "\\n", "\\r", "\\u0000", "\\u0085", "\\u2028"])
    func subjectOfLines(end: String) throws {
        let words = TemplateFolder.words(["subject": "Hello\(end)Bcc: eve@example.com"])
        let templates = try TemplateFolder(["en.json": words]).templates()
        let fields = fields(of: try mail("Portal", templates).message(for: Sample.job()))
        #expect(fields.count == 11)
        #expect(fields.filter { $0.hasPrefix("Subject: Hello ") && $0.hasSuffix(" Bcc: eve@example.com") }.count == 1)
        #expect(!fields.contains { $0.hasPrefix("Bcc") })
    }

    @Test("a long subject is folded")
    func longSubject() throws {
        let words = TemplateFolder.words(["subject": String(repeating: "é", count: 5000)])
        let templates = try TemplateFolder(["en.json": words]).templates()
        let message = try mail("Portal", templates).message(for: Sample.job())
        #expect(message.headerLines.filter { $0.hasPrefix(" =?") || $0.hasPrefix("Subject: =?") }.count > 100)
        #expect(fields(of: message).count == 11)
    }

    @Test("addresses of the maximum length are not folded")
    func longAddresses() throws {
        let label = String(repeating: "a", count: 61)
        let longest = "\(String(repeating: "b", count: 64))@\(label).\(label).\(label).aa"
        let message = try mail(from: "字 <\(longest)>").message(for: Sample.job(to: longest))
        #expect(message.headerLines.contains(" <\(longest)>"))
        #expect(message.headerLines.contains("To: <\(longest)>"))
        #expect(message.headerLines.allSatisfy { $0.utf8.count <= 998 })
    }

    /// Renders a message with names that the settings would refuse.
    private static func render(sender: String?, product: String) throws {
        guard let address = EmailAddress(parsing: Sample.sender) else { return }
        let mail = MailRenderer(
            sender: Mailbox(name: sender, address: address), productName: product, templates: .builtIn)
        _ = try mail.message(for: Sample.job())
    }

    @Test("a control character in an unchecked name ends the process before it reaches a header")
    func uncheckedNames() async {
        await #expect(processExitsWith: .success) { try MailRendererTests.render(sender: "Portal", product: "Portal") }
        await #expect(processExitsWith: .failure) {
            try MailRendererTests.render(sender: nil, product: "Portal\r\nBcc: eve@example.com")
        }
        await #expect(processExitsWith: .failure) {
            try MailRendererTests.render(sender: "Portal\r\nBcc: eve@example.com", product: "Portal")
        }
        await #expect(processExitsWith: .failure) { try MailRendererTests.render(sender: "a\0é", product: "Portal") }
    }
}
