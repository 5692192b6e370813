import Bytes
import Net
import SignIn
import TestSupport
import Testing

@Suite
struct PublicURLTests {
    /// Texts, and the parsed URLs: an origin and a path, without a slash at the end.
    static let urls: [(String, String)] = [
        ("https://auth.example.com", "https://auth.example.com"),
        ("https://auth.example.com/", "https://auth.example.com"),
        ("HTTPS://Auth.Example.COM:443/", "https://auth.example.com"),
        ("https://auth.example.com:8443", "https://auth.example.com:8443"),
        ("https://auth.example.com:8443/", "https://auth.example.com:8443"),
        ("https://auth.example.com/api", "https://auth.example.com/api"),
        ("https://auth.example.com/api/", "https://auth.example.com/api"),
        ("https://auth.example.com/API/v1", "https://auth.example.com/API/v1"),
        ("https://auth.example.com/a-b_c~d.e", "https://auth.example.com/a-b_c~d.e"),
        ("https://auth.example.com/a%20b", "https://auth.example.com/a%20b"),
        ("https://auth.example.com/a:b@c", "https://auth.example.com/a:b@c"),
        ("https://intranet", "https://intranet"), ("https://192.0.2.1", "https://192.0.2.1"),
        ("https://xn--mnchen-3ya.example/in", "https://xn--mnchen-3ya.example/in"),
        ("https://[2001:DB8:0::1]:8443/in", "https://[2001:db8::1]:8443/in"),
        ("https://localhost", "https://localhost"), ("https://127.0.0.1:8080", "https://127.0.0.1:8080"),
        // Without TLS, for loopback only.
        ("http://localhost", "http://localhost"), ("http://localhost:80/", "http://localhost"),
        ("http://localhost:3000/api/", "http://localhost:3000/api"), ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.255.255.254", "http://127.255.255.254"), ("http://[::1]:8080/x", "http://[::1]:8080/x"),
    ]

    @Test("a URL is an origin, and a path if there is one", arguments: PublicURLTests.urls)
    func read(text: String, expected: String) throws {
        let url = try PublicURL(parsing: text)
        #expect(url.text == expected)
        // A parsed URL is parsed unchanged.
        #expect(try PublicURL(parsing: url.text) == url)
        #expect(try PublicURL(parsing: url.text + "/") == url)
    }

    @Test("a mailed link leads to the confirmation page, and has only the token", arguments: PublicURLTests.urls)
    func link(text: String, expected: String) throws {
        let link = MagicLink(
            origin: try Origin(parsing: "https://portal.example.com"),
            callbackPath: try PortalPath(parsing: "/auth/callback"),
            token: try LoginToken(random: .counting(from: 0xE0)), next: try PortalPath(parsing: "/invoices?a=b"),
            publicURL: try PublicURL(parsing: text))
        #expect(link.url == expected + "/auth/open?token=4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8")
    }

    @Test(
        "anything else is refused",
        arguments: [
            // No origin.
            "", "/", "auth.example.com", "//auth.example.com", "https", "https:", "https:/", "https://", "https:///api",
            "https:auth.example.com", "ftp://auth.example.com", "javascript:alert(1)", "null", "*",
            "https://*.example.com", "https://auth.example.com,https://b.example.com",
            // Without TLS, for hosts other than loopback.
            "http://auth.example.com", "http://auth.example.com:443", "http://192.0.2.1", "http://10.0.0.1",
            "http://0.0.0.0:8080", "http://128.0.0.1", "http://localhost.example.com", "http://127.0.0.1.example",
            "http://[::2]", "http://[::]", "http://intranet",
            // Parts other than origin and path.
            "https://auth.example.com?", "https://auth.example.com?a=b", "https://auth.example.com/?a=b",
            "https://auth.example.com/api?", "https://auth.example.com#", "https://auth.example.com#a",
            "https://auth.example.com/#", "https://auth.example.com/api#a", "https://auth.example.com/#/",
            "https://auth.example.com?/", "https://user@auth.example.com", "https://user:pw@auth.example.com",
            "https://@auth.example.com", "https://auth.example.com@evil.example",
            // Ports.
            "https://auth.example.com:", "https://auth.example.com:0", "https://auth.example.com:65536",
            "https://auth.example.com:*", "https://auth.example.com:x", "http://localhost:0",
            // Paths that lead elsewhere.
            "https://auth.example.com//api", "https://auth.example.com///", "https://auth.example.com/..",
            "https://auth.example.com/../api", "https://auth.example.com/api/..", "https://auth.example.com/api/../x",
            "https://auth.example.com/%2e%2e", "https://auth.example.com/%2F", "https://auth.example.com/%2Fapi",
            "https://auth.example.com/%252e%252e/x", "https://auth.example.com/a%5Cb", "https://auth.example.com/a%0Ab",
            // Characters.
            "https://auth.example.com/a b", " https://auth.example.com", "https://auth.example.com ",
            "https://auth.example.com/\n", "https://auth.example.com/a\\b", "https:\\\\auth.example.com",
            "https://d\u{F6}\u{F6}r.example.com", "https://auth.example.com/\u{E9}", "https://door\u{3002}example.com",
            "https://auth.example.com\u{FF0F}api", "https://auth.example.com/\0", "https://auth.example.com/\u{200B}",
            "https://example.com.", "https://127.1", "https://0x7f.1",
        ])
    func refused(text: String) {
        #expect(throws: ParseError.self) { try PublicURL(parsing: text) }
    }

    @Test(
        "a path that ends in more than one slash is refused: the confirmation page would not be found",
        arguments: [
            "https://auth.example.com//", "https://auth.example.com/api//", "https://auth.example.com/api///",
            "https://auth.example.com/.//", "http://localhost:3000//",
        ])
    func slashes(text: String) {
        #expect(throws: ParseError.self) { try PublicURL(parsing: text) }
    }

    @Test("a path has at most 2,048 bytes")
    func length() throws {
        let path = "/" + String(repeating: "a", count: 2047)
        #expect(try PublicURL(parsing: "https://auth.example.com\(path)").text == "https://auth.example.com\(path)")
        #expect(throws: ParseError.self) { try PublicURL(parsing: "https://auth.example.com\(path)a") }
    }

    @Test("the error for a text is the end of a sentence, without the text")
    func description() throws {
        let error = try #require(throws: ParseError.self) { try PublicURL(parsing: "http://evil.example") }
        #expect(
            error.description
                == "must be https://HOST[:PORT][/PATH] (http:// only for loopback), without a query or fragment")
    }
}
