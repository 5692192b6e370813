import Bytes
import Net
import Testing

@Suite
struct OriginTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let description: String
        var scheme = Origin.Scheme.https
        let host: String
        var port: UInt16 = 443
        var isLoopback = false
        var testDescription: String { text }
    }

    static let origins = [
        Case(text: "https://portal.example.com", description: "https://portal.example.com", host: "portal.example.com"),
        Case(
            text: "https://portal.example.com/", description: "https://portal.example.com", host: "portal.example.com"),
        Case(
            text: "https://portal.example.com:443", description: "https://portal.example.com",
            host: "portal.example.com"),
        Case(
            text: "https://portal.example.com:8443/", description: "https://portal.example.com:8443",
            host: "portal.example.com",
            port: 8443),
        Case(text: "https://a.example:1", description: "https://a.example:1", host: "a.example", port: 1),
        Case(text: "https://a.example:65535", description: "https://a.example:65535", host: "a.example", port: 65535),
        Case(text: "https://a.example:80", description: "https://a.example:80", host: "a.example", port: 80),
        Case(text: "HTTPS://Portal.EXAMPLE.Com", description: "https://portal.example.com", host: "portal.example.com"),
        Case(
            text: "http://portal.example.com", description: "http://portal.example.com", scheme: .http,
            host: "portal.example.com", port: 80),
        Case(text: "http://a.example:80", description: "http://a.example", scheme: .http, host: "a.example", port: 80),
        Case(
            text: "http://a.example:443", description: "http://a.example:443", scheme: .http, host: "a.example",
            port: 443),
        Case(
            text: "http://localhost:3000", description: "http://localhost:3000", scheme: .http, host: "localhost",
            port: 3000,
            isLoopback: true),
        Case(text: "https://LOCALHOST", description: "https://localhost", host: "localhost", isLoopback: true),
        Case(
            text: "http://127.0.0.1:3000", description: "http://127.0.0.1:3000", scheme: .http, host: "127.0.0.1",
            port: 3000,
            isLoopback: true),
        Case(
            text: "https://127.255.255.254", description: "https://127.255.255.254", host: "127.255.255.254",
            isLoopback: true),
        Case(text: "https://128.0.0.1", description: "https://128.0.0.1", host: "128.0.0.1"),
        Case(
            text: "https://[::1]:8080", description: "https://[::1]:8080", host: "[::1]", port: 8080, isLoopback: true),
        Case(text: "https://[2001:DB8:0:0:0:0:0:1]", description: "https://[2001:db8::1]", host: "[2001:db8::1]"),
        Case(text: "https://[::2]", description: "https://[::2]", host: "[::2]"),
        Case(
            text: "https://xn--mnchen-3ya.example", description: "https://xn--mnchen-3ya.example",
            host: "xn--mnchen-3ya.example"),
        Case(text: "https://a_b.example", description: "https://a_b.example", host: "a_b.example"),
        Case(text: "https://1a.2b.example", description: "https://1a.2b.example", host: "1a.2b.example"),
        Case(text: "https://intranet", description: "https://intranet", host: "intranet"),
        Case(
            text: "https://localhost.example.com", description: "https://localhost.example.com",
            host: "localhost.example.com"),
        Case(text: "https://127.0.0.1.example", description: "https://127.0.0.1.example", host: "127.0.0.1.example"),
    ]

    @Test("an origin is scheme, host and port, in lower case", arguments: OriginTests.origins)
    func read(expected: Case) throws {
        let origin = try Origin(parsing: expected.text)
        #expect(origin.scheme == expected.scheme)
        #expect(origin.host == expected.host)
        #expect(origin.port == expected.port)
        #expect(origin.description == expected.description)
        #expect(origin.isLoopback == expected.isLoopback)
        // The description is parsed to an equal origin.
        #expect(try Origin(parsing: origin.description) == origin)
    }

    static let refused: [(String, ParseError)] = [
        ("", .originScheme), ("null", .originScheme), ("portal.example.com", .originScheme),
        ("//portal.example.com", .originScheme),
        ("https", .originScheme),
        ("https:", .originScheme), ("https:/", .originScheme), ("https:portal.example.com", .originScheme),
        ("https:/portal.example.com", .originScheme),
        ("ftp://portal.example.com", .originScheme), ("ws://portal.example.com", .originScheme),
        ("wss://portal.example.com", .originScheme),
        ("file:///etc", .originScheme), ("javascript://portal.example.com", .originScheme),
        ("javascript:alert(1)", .originScheme),
        ("data:,", .originScheme),
        ("blob:https://portal.example.com", .originScheme), ("https+x://portal.example.com", .originScheme),
        ("*", .originScheme),
        ("httpss://portal.example.com", .originScheme), ("xhttps://portal.example.com", .originScheme),
        ("about:blank", .originScheme),
        ("https://user@portal.example.com", .originUserInformation),
        ("https://user:pw@portal.example.com", .originUserInformation),
        ("https://@portal.example.com", .originUserInformation),
        ("https://:@portal.example.com", .originUserInformation),
        ("https://portal.example.com@evil.example", .originUserInformation),
        ("https://portal.example.com:443@evil.example", .originUserInformation),
        ("https://portal.example.com/@evil.example", .originPath), ("https://portal.example.com/a", .originPath),
        ("https://portal.example.com//", .originPath), ("https://portal.example.com/.", .originPath),
        ("https://portal.example.com/?", .originPath),
        ("https://portal.example.com?", .originPath), ("https://portal.example.com?a=b", .originPath),
        ("https://portal.example.com#", .originPath),
        ("https://portal.example.com#a", .originPath), ("https://evil.example#@portal.example.com", .originPath),
        ("https://evil.example?.portal.example.com", .originPath),
        ("https://evil.example/.portal.example.com", .originPath),
        ("https://", .originHost), ("http://", .originHost), ("https:///", .originHost), ("https://:443", .originHost),
        ("https://.", .originHost),
        ("https://.example.com", .originHost), ("https://example.com.", .originHost),
        ("https://example..com", .originHost),
        ("https://-a.example", .originHost),
        ("https://a-.example", .originHost), ("https://a.-example", .originHost), ("https://a.example-", .originHost),
        ("https://*.example.com", .originHost),
        ("https://*", .originHost), ("https://a,b.example", .originHost),
        ("https://a.example,https://b.example", .originPath),
        ("https://a;b.example", .originHost), ("https://example%2ecom", .originHost),
        ("https://portal.example.com%40evil.example", .originHost),
        ("https://portal.example.com%00.evil.example", .originHost),
        ("https://portal.example.com&evil.example", .originHost),
        ("https://a!b.example", .originHost), ("https://a'b.example", .originHost),
        ("https://a\"b.example", .originHost),
        ("https://<a>.example", .originHost),
        ("https://a{b}.example", .originHost), ("https://a|b.example", .originHost),
        ("https://a^b.example", .originHost),
        ("https://a`b.example", .originHost),
        ("https://a.example:0", .originPort), ("https://a.example:65536", .originPort),
        ("https://a.example:99999", .originPort),
        ("https://a.example:", .originPort), ("https://a.example:/", .originPort),
        ("https://a.example:+80", .originPort),
        ("https://a.example:-80", .originPort),
        ("https://a.example:8 0", .originCharacters), ("https://a.example:0x50", .originPort),
        ("https://a.example:8080a", .originPort),
        ("https://a.example:http", .originPort), ("https://a.example:*", .originPort),
        ("https://a.example:80:80", .originPort),
        ("https://a.example:18446744073709551696", .originPort), ("https://a.example:80.", .originPort),
    ]

    @Test("any other text is refused with the rule that it breaks", arguments: OriginTests.refused)
    func refusal(text: String, error: ParseError) {
        #expect(throws: error) { try Origin(parsing: text) }
    }

    @Test(
        "spaces, backslashes, control characters and non-ASCII characters are refused at any position",
        arguments: [
            " ", "\\", "\t", "\n", "\r", "\0", "\u{1F}", "\u{7F}", "\u{80}", "\u{A0}", "é", "ı", "。", "．", "｡", "／",
            "＠", "：", "\u{200B}", "\u{202E}", "\u{2028}", "\u{3000}", "\u{212A}", "\u{FEFF}", "😀", "①",
        ])
    func characters(piece: String) throws {
        for text in [
            "\(piece)https://portal.example.com", "https://portal.example.com\(piece)",
            "https://portal.example.com\(piece)/", "https://portal.example.com/\(piece)",
            "https:\(piece)//portal.example.com", "https://\(piece)portal.example.com",
            "https://portal\(piece)example.com", "https://portal.example.com:\(piece)443",
            "https://portal.example.com:443\(piece)",
            "https://portal.example.com\(piece).evil.example", piece,
        ] {
            #expect(throws: ParseError.originCharacters) { try Origin(parsing: text) }
            // Behind the authority, no character changes the origin.
            guard !text.hasSuffix("/\(piece)") else { continue }
            #expect(throws: ParseError.originCharacters) { try Origin(ofURL: text) }
        }
        let referer = "https://portal.example.com/a\(piece)?b=\(piece)#\(piece)"
        #expect(try Origin(ofURL: referer).description == "https://portal.example.com")
    }

    @Test(
        "an address in a form that only some programs accept is refused",
        arguments: [
            "127.1", "127.0.1", "0x7f.1", "0x7f.0.0.1", "0x7f000001", "2130706433", "017700000001", "0177.0.0.1",
            "127.0.0.01", "00.0.0.0", "256.0.0.1", "1.2.3", "1.2.3.4.5", "1.2.3.4.", "1.2.3.256", "0", "1",
            "4294967296", "1.2.3.0x4", "a.1", "example.0x7f", "1..2", "::1", "[::1", "::1]", "[]", "[", "]", "[:]",
            "[::g]", "[1.2.3.4]", "[::1]]", "[[::1]]", "[::1]a", "[::1].example.com", "a[::1]", "[fe80::1%eth0]",
            "[fe80::1%25eth0]", "[::1]:", "[::1]:0", "[::1]:65536", "[::1]:80:80", "[::1]80", "[1::2::3]", "[12345::]",
            "[1:2:3:4:5:6:7:8:9]", "[::1.2.3]", "[::1/128]",
        ])
    func addresses(host: String) {
        #expect(throws: ParseError.self) { try Origin(parsing: "https://\(host)") }
    }

    @Test("a label has at most 63 bytes, and a host at most 253")
    func lengths() throws {
        let label = String(repeating: "a", count: 63)
        #expect(try Origin(parsing: "https://\(label).example").host == "\(label).example")
        #expect(throws: ParseError.originHost) { try Origin(parsing: "https://\(label)a.example") }
        // Three labels of 63 bytes and their dots have 192 bytes.
        let start = String(repeating: "\(label).", count: 3)
        #expect(try Origin(parsing: "https://\(start)\(label.dropLast(2))").host.utf8.count == 253)
        #expect(throws: ParseError.originHost) { try Origin(parsing: "https://\(start)\(label.dropLast(1))") }
    }

    @Test("a truncated origin is parsed if its last label or port is not empty")
    func beginnings() {
        let text = "https://portal.example.com:8443"
        for length in 0...text.count {
            let beginning = String(text.prefix(length))
            // `https://` has 8 characters; something must follow a dot or a colon.
            let isExpected = length > 8 && beginning.last != "." && beginning.last != ":"
            #expect(((try? Origin(parsing: beginning)) != nil) == isExpected, "\(beginning)")
        }
    }

    static let urls: [(String, String)] = [
        ("https://portal.example.com/sign-in?a=b#c", "https://portal.example.com"),
        ("https://portal.example.com", "https://portal.example.com"),
        ("https://portal.example.com?a@b", "https://portal.example.com"),
        ("https://portal.example.com#a@b:c", "https://portal.example.com"),
        ("https://portal.example.com/@evil.example", "https://portal.example.com"),
        ("http://localhost:3000/a//b:c", "http://localhost:3000"),
        ("https://evil.example/https://portal.example.com", "https://evil.example"),
        ("https://evil.example?https://portal.example.com/", "https://evil.example"),
        ("https://[::1]:80/a]", "https://[::1]:80"),
        ("HTTPS://Portal.Example.com:443/Sign-In", "https://portal.example.com"),
    ]

    @Test("the origin of a URL is the part before its path, query or fragment", arguments: OriginTests.urls)
    func ofURL(text: String, expected: String) throws {
        #expect(try Origin(ofURL: text).description == expected)
    }

    static let refusedURLs: [(String, ParseError)] = [
        ("about:blank", .originScheme), ("/sign-in", .originScheme), ("android-app://com.example/", .originScheme),
        ("https://user@portal.example.com/sign-in", .originUserInformation),
        ("https://portal.example.com@evil.example/", .originUserInformation),
        ("https:///sign-in", .originHost), ("https://https://portal.example.com", .originPort),
        ("https://portal.example.com:0/", .originPort),
    ]

    @Test("a URL without a usable origin is refused", arguments: OriginTests.refusedURLs)
    func ofRefusedURL(text: String, error: ParseError) {
        #expect(throws: error) { try Origin(ofURL: text) }
    }

    @Test("origins are equal if their scheme, host and port are")
    func equality() throws {
        let origin = try Origin(parsing: "https://portal.example.com")
        #expect(try origin == Origin(parsing: "https://PORTAL.example.com:443/"))
        for other in [
            "http://portal.example.com", "http://portal.example.com:443", "https://portal.example.com:8443",
            "https://portal.example.org", "https://portal.example.com.evil.example", "https://portal.example.co",
            "https://xportal.example.com", "https://example.com",
        ] {
            #expect(try origin != Origin(parsing: other))
        }
    }
}
