import Foundation
import MailQueue
import Net
import Platform
import TestSupport
import Testing

@testable import MailMessage

/// Messages whose job has the whole content.
@Suite
struct WholeMessageTests {
    private func message(
        _ subject: String = "Invoice", html: String? = nil, text: String? = "Paid.", headers: [MailJob.Header] = [],
        to recipients: [String] = [Sample.recipient], remaining: [String]? = nil, from sender: Mailbox? = nil
    ) throws -> MailMessage {
        let issuedAt = UnixTime(milliseconds: 1_735_689_600_123)
        let job = MailJob(
            id: Sample.id, recipients: try recipients.map(Sample.address),
            remaining: try remaining?.map(Sample.address),
            content: .message(subject: subject, html: html, text: text, headers: headers), sender: sender,
            priority: .bulk, issuedAt: issuedAt, expiresAt: issuedAt + .seconds(900))
        try job.check()
        return try MailRenderer(
            sender: #require(Mailbox(parsing: "Portal <sign-in@example.com>")), productName: "Portal",
            templates: .builtIn
        ).message(for: job)
    }

    @Test("a message with one body has one part")
    func onePart() throws {
        #expect(
            try message(text: "Zoë paid.\n.dot\n").text
                == """
                Date: Wed, 01 Jan 2025 00:00:00 +0000\r
                From: Portal <sign-in@example.com>\r
                To: <ada@example.com>\r
                Subject: Invoice\r
                Message-ID: <d90bad97384181273203dd0f8cc30e16@example.com>\r
                MIME-Version: 1.0\r
                Auto-Submitted: auto-generated\r
                X-Auto-Response-Suppress: All\r
                X-Entity-Ref-ID: d90bad97384181273203dd0f8cc30e16\r
                Content-Type: text/plain; charset=utf-8\r
                Content-Transfer-Encoding: quoted-printable\r
                \r
                Zo=C3=AB paid.\r
                =2Edot\r
                \r

                """)
        #expect(try message(html: "<p>", text: nil).text.contains("\r\nContent-Type: text/html; charset=utf-8\r\n"))
    }

    @Test("a message with two bodies has two alternatives, which another parser reads")
    func alternatives() async throws {
        let html = "<p>Zoë &amp; Ada</p>\n" + String(repeating: "x", count: 2000)
        let message = try message(html: html, text: "Zoë & Ada\n=_\(Sample.id)\n")
        let parsed = try #require(try await ParsedMessage.parse([message]).first)
        #expect(parsed.texts("defects") == [])
        #expect(parsed.text("text")?.replacing("\r\n", with: "\n").hasPrefix("Zoë & Ada\n=_\(Sample.id)\n") == true)
        #expect(parsed.isTrue("isASCII"))
        #expect(parsed.number("longestLine").map { $0 <= 78 } == true)
    }

    @Test("a job's sender is the From, the envelope sender, and the domain of the Message-ID")
    func sender() throws {
        let sender = Mailbox(name: "Zoë", address: try Sample.address("billing@mail.example.org"))
        let message = try message(from: sender)
        #expect(message.sender.text == "billing@mail.example.org")
        #expect(message.headerLines.contains("From: =?UTF-8?B?Wm/Dqw==?= <billing@mail.example.org>"))
        #expect(message.headerLines.contains("Message-ID: <\(Sample.id)@mail.example.org>"))
    }

    @Test("all recipients are in To, and those that remain are in the envelope")
    func recipients() async throws {
        let addresses = (1...50).map { "person\($0)@\(String(repeating: "x", count: 40)).example.com" }
        let whole = try message(html: "<p>", to: addresses)
        #expect(whole.recipients.map(\.text) == addresses)
        #expect(whole.headerLines.allSatisfy { $0.utf8.count <= 78 })
        let rest = try message(html: "<p>", to: addresses, remaining: [addresses[7]])
        #expect(rest.recipients.map(\.text) == [addresses[7]])
        #expect(rest.content == whole.content)
        let parsed = try #require(try await ParsedMessage.parse([whole]).first)
        #expect(parsed.texts("to") == addresses)
    }

    static let longIDs: String = (1...15).map { "<\($0)\(String(repeating: "i", count: 40))@example.com>" }.joined(
        separator: " ")

    @Test("header fields are folded at spaces, encoded if they are not ASCII, and otherwise unchanged")
    func headers() throws {
        let url = "<https://example.com/\(String(repeating: "u", count: 300))>"
        let message = try message(headers: [
            MailJob.Header(name: "X-Plain", value: "a  b: =?c"), MailJob.Header(name: "X-Text", value: "Zoë"),
            MailJob.Header(name: "References", value: WholeMessageTests.longIDs),
            MailJob.Header(name: "List-Unsubscribe", value: url),
            MailJob.Header(name: "reply-to", value: "Zoë <zoe@example.com>"),
        ])
        let lines = message.headerLines
        #expect(lines.contains("X-Plain: a  b: =?c"))
        #expect(lines.contains("X-Text: =?UTF-8?B?Wm/Dqw==?="))
        #expect(lines.contains("List-Unsubscribe: \(url)") || lines.contains(" \(url)"))
        #expect(lines.contains("reply-to: =?UTF-8?B?Wm/Dqw==?= <zoe@example.com>"))
        let unfolded = lines.joined(separator: "\r\n").replacingOccurrences(of: "\r\n ", with: " ")
            .components(separatedBy: "\r\n")
        #expect(unfolded.contains("References: \(WholeMessageTests.longIDs)"))
        #expect(lines.filter { $0.contains("iiii") }.allSatisfy { $0.utf8.count <= 78 })
        #expect(message.content.allSatisfy { (0x20...0x7E).contains($0) || [0x0A, 0x0D].contains($0) })
        // No line consists of spaces alone.
        #expect(!lines.contains { !$0.isEmpty && $0.allSatisfy { $0 == " " } })
    }

    static let subjects: [String] = [
        "Zoë", String(repeating: "字", count: 300), String(repeating: "s", count: 998), "a: b",
        "=?UTF-8?Q?=0D=0ABcc:_x?=",
        "\u{202E}live", "%0D%0ABcc: eve@example.com", "e" + String(repeating: "\u{301}", count: 400),
    ]

    @Test("no subject adds a field, or a line that is too long", arguments: WholeMessageTests.subjects)
    func subject(subject: String) async throws {
        let message = try message(subject)
        #expect(message.headerLines.allSatisfy { $0.utf8.count <= 78 })
        #expect(message.headerLines.filter { !$0.hasPrefix(" ") }.count == 11)
    }
}
