import MailQueue
import Net
import Testing

@Suite
struct MailboxTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let name: String?
        let address: String
        var testDescription: String { text }

        init(_ text: String, _ name: String?, _ address: String = "ada@example.com") {
            (self.text, self.name, self.address) = (text, name, address)
        }
    }

    private static let hundred = String(repeating: "字", count: 100)

    static let mailboxes = [
        Case("ada@example.com", nil), Case("Ada@Example.COM", nil), Case("<ada@example.com>", nil),
        Case("Portal <ada@example.com>", "Portal"), Case("Portal<ada@example.com>", "Portal"),
        Case("  My Portal  <ada@example.com>", "My Portal"), Case("Portal <ADA@example.com>", "Portal"),
        Case("\"Portal\" <ada@example.com>", "Portal"), Case("\"Portal, Inc.\" <ada@example.com>", "Portal, Inc."),
        Case("Portal, Inc. <ada@example.com>", "Portal, Inc."), Case("\"\" <ada@example.com>", nil),
        Case("\" a \" <ada@example.com>", " a "), Case("\" <ada@example.com>", "\""),
        Case("a < b <ada@example.com>", "a < b"), Case("bob@example.com <ada@example.com>", "bob@example.com"),
        Case("Zoë <ada@example.com>", "Zoë"), Case("日本 😀 <ada@example.com>", "日本 😀"),
        Case("\(hundred) <ada@example.com>", hundred),
        Case("=?UTF-8?B?SGk=?= <ada@mail.example.com>", "=?UTF-8?B?SGk=?=", "ada@mail.example.com"),
    ]

    @Test("an address is read, with or without a name", arguments: MailboxTests.mailboxes)
    func read(expected: Case) throws {
        let mailbox = try #require(Mailbox(parsing: expected.text))
        #expect(mailbox.name == expected.name)
        #expect(mailbox.address.text == expected.address)
        #expect(mailbox == Mailbox(name: expected.name, address: try MailJobTests.address(expected.address)))
    }

    @Test(
        "text that is not a mailbox is refused",
        arguments: [
            "", " ", "Portal", "Portal <>", "Portal <ada>", "Portal <ada@example.com", "Portal <ada@example.com> ",
            "Portal <ada@example.com>x", "Portal <ada@example.com>>", "Portal <<ada@example.com>>",
            "Portal < ada@example.com>", "Portal <ada@example.com >", " ada@example.com",
            "ada@example.com, bob@example.com", "Portal <ada@example.com,bob@example.com>", "Portal <ada@exämple.com>",
            "Portal ada@example.com", "<ada@example.com> Portal", "\(MailboxTests.hundred)字 <ada@example.com>",
        ])
    func refused(text: String) {
        #expect(Mailbox(parsing: text) == nil)
    }

    @Test(
        "CR, LF, NUL and other control characters are refused in every position",
        arguments: ["\r", "\n", "\r\n", "\0", "\t", "\u{1B}", "\u{7F}", "\u{85}", "\u{2028}", "\u{2029}"])
    func controlCharacters(character: String) {
        for text in [
            "Por\(character)tal <ada@example.com>", "\(character)Portal <ada@example.com>",
            "Portal\(character) <ada@example.com>", "Portal\(character)Bcc: eve@example.com <ada@example.com>",
            "\"Por\(character)tal\" <ada@example.com>", "Portal <ada@\(character)example.com>",
            "Portal <ada@example.com\(character)>", "Portal <ada@example.com>\(character)",
            "ada@example.com\(character)", "\(character)ada@example.com", "\(character)<ada@example.com>",
        ] {
            #expect(Mailbox(parsing: text) == nil, "\(text.debugDescription)")
        }
    }

    @Test("the domain is that of the address")
    func domain() throws {
        #expect(try #require(Mailbox(parsing: "Portal <ada@mail.example.com>")).domain == "mail.example.com")
    }
}
