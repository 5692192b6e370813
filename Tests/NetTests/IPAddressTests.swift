import Net
import Testing

@Suite
struct IPAddressTests {
    static let addresses: [(String, IPAddress)] = [
        ("0.0.0.0", .v4(0)), ("127.0.0.1", .v4(0x7F00_0001)), ("192.0.2.1", .v4(0xC000_0201)),
        ("255.255.255.255", .v4(0xFFFF_FFFF)),
        ("10.20.30.40", .v4(0x0A14_1E28)), ("::", .v6(0)), ("::1", .v6(1)),
        ("2001:db8::1", .v6(0x2001_0DB8_0000_0000_0000_0000_0000_0001)),
        ("2001:0DB8:0:0:0:0:0:0001", .v6(0x2001_0DB8_0000_0000_0000_0000_0000_0001)),
        ("1:2:3:4:5:6:7:8", .v6(0x0001_0002_0003_0004_0005_0006_0007_0008)),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", .v6(.max)),
        ("2001:db8::192.0.2.1", .v6(0x2001_0DB8_0000_0000_0000_0000_C000_0201)),
        ("::192.0.2.1", .v6(0xC000_0201)),
        // Mapped (RFC 4291 §2.5.5.2).
        ("::ffff:192.0.2.1", .v4(0xC000_0201)), ("::FFFF:c000:201", .v4(0xC000_0201)),
        ("0:0:0:0:0:ffff:127.0.0.1", .v4(0x7F00_0001)),
        ("::fffe:192.0.2.1", .v6(0x0000_0000_0000_0000_0000_FFFE_C000_0201)),
    ]

    @Test("an address is parsed", arguments: IPAddressTests.addresses)
    func bare(text: String, expected: IPAddress) {
        #expect(IPAddress(parsing: text) == expected)
        #expect(IPAddress(parsing: text[...]) == expected)
    }

    static let decorated: [(String, IPAddress)] = [
        ("192.0.2.1:80", .v4(0xC000_0201)), ("192.0.2.1:1", .v4(0xC000_0201)), ("192.0.2.1:65535", .v4(0xC000_0201)),
        ("[::1]", .v6(1)),
        ("[::1]:80", .v6(1)), ("[2001:db8::1]:65535", .v6(0x2001_0DB8_0000_0000_0000_0000_0000_0001)),
        ("[2001:DB8::1]", .v6(0x2001_0DB8_0000_0000_0000_0000_0000_0001)),
        // Without brackets, the last group is not a port.
        ("2001:db8::1:80", .v6(0x2001_0DB8_0000_0000_0000_0000_0001_0080)),
        // A mapped address is its IPv4 address, in brackets too.
        ("[::ffff:192.0.2.1]", .v4(0xC000_0201)), ("[::ffff:192.0.2.1]:80", .v4(0xC000_0201)),
        ("[::ffff:c000:201]:80", .v4(0xC000_0201)),
    ]

    @Test("an address in brackets or with a port is parsed", arguments: IPAddressTests.decorated)
    func brackets(text: String, expected: IPAddress) {
        #expect(IPAddress(parsing: text) == expected)
    }

    @Test(
        "any other text is refused",
        arguments: [
            "", " ", ".", ":", "...", ":::", "unknown", "_hidden", "localhost", "example.com", "1", "1.2", "1.2.3",
            "1.2.3.", ".1.2.3", "1.2.3.4.", "1.2.3.4.5", "1..2.3", "1.2.3.256", "256.1.1.1", "1.2.3.1000", "1.2.3.-4",
            "1.2.3.+4", "1.2.3.4a", "a1.2.3.4", "0x7f.0.0.1", "1.2.3.0x4", "01.2.3.4", "1.02.3.4", "1.2.3.04",
            "1.2.3.00", "00.0.0.0", "127.1", "2130706433", "１.2.3.4", "1.2.3.４", "1。2。3。4", " 1.2.3.4", "1.2.3.4 ",
            "1.2.3.4\n", "1.2.3.4\0", "1.2. 3.4", "1,2,3,4", "1.2.3.4/32", "1.2.3.4,5.6.7.8", "1.2.3.4:", "1.2.3.4:a",
            "1.2.3.4:-1", "1.2.3.4:+80", "1.2.3.4:65536", "1.2.3.4:80:80", "1.2.3.4: 80", "1.2.3.4:８０", ":80",
            "[1.2.3.4]", "[1.2.3.4]:80", "[]", "[]:80", "[", "]", "[::1", "::1]", "[::1]]", "[[::1]]", "[::1]:",
            "[::1]:a", "[::1]:65536", "[::1]80", "[::1]x:80", "[::1 ]", "[::1]\0", "1::2::3", "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "12345::", "g::", "::1%eth0", "fe80::1%25eth0",
            "::1/128", "::1\0", "::1\0x", " ::1", "::1 ", "::ffff:1.2.3", "::ffff:1.2.3.256", "::ffff:01.2.3.4",
            "::ffff:1.2.3.4.5", "::1.2.3.4:5", "::１", "-1::", "+1::", "0x1::",
        ])
    func refused(text: String) {
        #expect(IPAddress(parsing: text) == nil)
    }

    @Test("a truncated address is parsed if it is complete")
    func beginnings() {
        let text = "192.0.2.10:8080"
        let accepted = (0...text.count).filter { IPAddress(parsing: String(text.prefix($0))) != nil }
        // `192.0.2.1` and `192.0.2.10`, and from the port's first digit on.
        #expect(accepted == [9, 10, 12, 13, 14, 15])
        let bracketed = "[2001:db8::1]:80"
        #expect(
            (0...bracketed.count).filter { IPAddress(parsing: String(bracketed.prefix($0))) != nil } == [13, 15, 16])
    }

    /// Texts, and the same addresses in the form of RFC 5952 §4.
    static let canonical: [(String, String)] = [
        ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:0db8::0001", "2001:db8::1"),
        ("2001:DB8::AAAA", "2001:db8::aaaa"),
        ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"), ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
    ]

    @Test("an address is written in its canonical form", arguments: IPAddressTests.canonical)
    func description(text: String, expected: String) throws {
        let address = try #require(IPAddress(parsing: text))
        #expect(address.description == expected)
    }

    static let loopbacks: [(String, Bool)] = [
        ("127.0.0.1", true), ("127.0.0.0", true), ("127.255.255.255", true), ("::1", true), ("::ffff:127.0.0.1", true),
        ("126.255.255.255", false),
        ("128.0.0.0", false), ("0.0.0.0", false), ("10.0.0.1", false), ("::", false), ("::2", false),
        ("::1:0:0:1", false), ("fe80::1", false),
        ("::127.0.0.1", false),
    ]

    @Test("loopback addresses are 127.0.0.0/8 and ::1", arguments: IPAddressTests.loopbacks)
    func loopback(text: String, isLoopback: Bool) throws {
        let address = try #require(IPAddress(parsing: text))
        #expect(address.isLoopback == isLoopback)
    }
}
