import Net
import Testing

@Suite
struct EmailAddressTests {
    @Test(
        "the aliases of a mailbox are counted as one address",
        arguments: [
            ("ada@example.com", "ada@example.com"), ("ada+shop@example.com", "ada@example.com"),
            ("Ada+a+b@Example.COM", "ada@example.com"), ("ada+@example.com", "ada@example.com"),
            ("a.d.a@example.com", "a.d.a@example.com"), ("a.d.a+1@example.com", "a.d.a@example.com"),
            ("ada-shop@example.com", "ada-shop@example.com"),
            // Without a name in front of it, there is no tag.
            ("+ada@example.com", "+ada@example.com"), ("++@example.com", "++@example.com"),
            ("a.d.a@gmail.com", "ada@gmail.com"), ("A.D.A+shop@GoogleMail.com", "ada@gmail.com"),
            ("ada@googlemail.com", "ada@gmail.com"), ("a.da@gmail.com.example", "a.da@gmail.com.example"),
            ("a.da@mail.gmail.com", "a.da@mail.gmail.com"), ("a.da@notgmail.com", "a.da@notgmail.com"),
            ("ada+1@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
            ("ADA@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example"),
        ])
    func mailbox(text: String, expected: String) throws {
        let address = try #require(EmailAddress(parsing: text))
        #expect(address.mailbox == expected)
        #expect(address.text == text.lowercased())
    }

    static let addresses: [(String, String)] = [
        ("ada@example.com", "ada@example.com"), ("Ada@Example.COM", "ada@example.com"),
        ("ADA+TAG@X.IO", "ada+tag@x.io"),
        ("o'Hara@example.com", "o'hara@example.com"),
        ("A.B-C_D@xn--MNCHEN-3YA.example", "a.b-c_d@xn--mnchen-3ya.example"),
    ]

    @Test("an address is parsed, in lower case", arguments: EmailAddressTests.addresses)
    func read(text: String, expected: String) throws {
        let address = try #require(EmailAddress(parsing: text))
        #expect(address.text == expected)
    }

    @Test("addresses that differ only in case are equal")
    func equality() {
        #expect(EmailAddress(parsing: "Ada@Example.com") == EmailAddress(parsing: "aDA@eXAMPLE.COM"))
        #expect(EmailAddress(parsing: "ada@example.com") != EmailAddress(parsing: "ada@example.org"))
    }

    @Test(
        "a text that is not an address is refused, and nothing is trimmed or corrected",
        arguments: [
            "", "ada", "@example.com", "ada@", "ada@example", "ada@localhost", " ada@example.com", "ada@example.com ",
            "ada @example.com", "ada@example.com\n", "ada@example.com\0", "\tada@example.com", "a@x.com,b@y.com",
            "a@x.com;b@y.com", "a@x.com b@y.com", "a@x.com\r\nBcc: b@y.com", "Ada <ada@example.com>",
            "<ada@example.com>", "mailto:ada@example.com", "a@b@example.com", "ada..l@example.com", ".ada@example.com",
            "ada.@example.com", "ada@-example.com", "ada@example..com", "ada@example.com.", "ada@[127.0.0.1]",
            "ada@127.0.0.1", "\"a b\"@example.com", "ada＠example.com", "ada@example。com", "ada@ｅxample.com",
            "adá@example.com", "ada@exámple.com", "\u{212A}@example.com", "ada@\u{212A}.com", "ad\u{131}@example.com",
            "ada@example.c\u{131}", "ada\u{200B}@example.com",
        ])
    func refused(text: String) {
        #expect(EmailAddress(parsing: text) == nil)
    }

    /// An address of `byteCount` bytes, 64 of them in its local part.
    private func address(byteCount: Int) -> String {
        let labels = String(repeating: String(repeating: "b", count: 31) + ".", count: byteCount / 32)
        return String(repeating: "a", count: 64) + "@" + labels.prefix(byteCount - 64 - 1 - 4) + ".com"
    }

    @Test("an address has at most 254 bytes")
    func length() throws {
        let longest = address(byteCount: 254)
        #expect(longest.utf8.count == 254)
        #expect(EmailAddress(parsing: longest)?.text == longest)
        #expect(EmailAddress(parsing: address(byteCount: 255)) == nil)
        #expect(EmailAddress(parsing: address(byteCount: 10_000)) == nil)
    }

    @Test("a local part has at most 64 bytes")
    func localPart() {
        #expect(EmailAddress(parsing: String(repeating: "a", count: 64) + "@b.co") != nil)
        #expect(EmailAddress(parsing: String(repeating: "a", count: 65) + "@b.co") == nil)
        #expect(EmailAddress(parsing: String(repeating: "a", count: 200) + "@b.co") == nil)
    }

    @Test("a truncated address is valid if its last label has two letters or more")
    func beginnings() {
        let text = "Ada@Mail.Example.com"
        let accepted = (0...text.count).filter { EmailAddress(parsing: String(text.prefix($0))) != nil }
        // `Ada@Mail.` has 9 characters, `Ada@Mail.Example.` has 17.
        #expect(accepted == [11, 12, 13, 14, 15, 16, 19, 20])
    }
}
