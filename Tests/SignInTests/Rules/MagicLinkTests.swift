import Net
import SignIn
import TestSupport
import Testing

@Suite
struct MagicLinkTests {
    /// The token of the bytes e0 to ff.
    private static let token = "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8"

    private func link(
        _ origin: String = "https://portal.example.com", _ callbackPath: String = "/auth/callback", next: String? = nil
    ) throws -> MagicLink {
        MagicLink(
            origin: try Origin(parsing: origin), callbackPath: try PortalPath(parsing: callbackPath),
            token: try LoginToken(random: .counting(from: 0xE0)), next: try next.map { try PortalPath(parsing: $0) })
    }

    @Test("without a path the link has only the token")
    func withoutNext() throws {
        #expect(try link().url == "https://portal.example.com/auth/callback?token=" + MagicLinkTests.token)
    }

    /// Paths, and their encoding, which escapes all but the unreserved characters of RFC 3986 §2.3.
    static let paths: [(String, String)] = [
        ("/", "%2F"), ("/orders/17", "%2Forders%2F17"), ("/a?b=c&d=e", "%2Fa%3Fb%3Dc%26d%3De"), ("/a#b", "%2Fa%23b"),
        ("/a b", "%2Fa%2520b"),
        ("/a+b", "%2Fa%2Bb"), ("/a%20b", "%2Fa%2520b"), ("/100%25", "%2F100%2525"), ("/é", "%2F%25C3%25A9"),
        ("/a?next=/b&token=c", "%2Fa%3Fnext%3D%2Fb%26token%3Dc"), ("/a'\"<b>", "%2Fa%27%2522%253Cb%253E"),
        ("/-._~", "%2F-._~"),
        ("/a;b,c:d@e!f$g*h(i)", "%2Fa%3Bb%2Cc%3Ad%40e%21f%24g%2Ah%28i%29"),
    ]

    @Test("the path, which is a URI reference, is encoded as a value of the query", arguments: MagicLinkTests.paths)
    func next(path: String, encoded: String) throws {
        let url = try link(next: path).url
        #expect(url == "https://portal.example.com/auth/callback?token=" + MagicLinkTests.token + "&next=" + encoded)
    }

    static let places: [(String, String, String)] = [
        ("https://PORTAL.example.com:443/", "/auth/callback", "https://portal.example.com/auth/callback?token="),
        ("https://portal.example.com:8443", "/in", "https://portal.example.com:8443/in?token="),
        ("http://localhost:3000", "/", "http://localhost:3000/?token="),
        ("http://[::1]:3000", "/a/b/", "http://[::1]:3000/a/b/?token="),
    ]

    @Test("the link leads to the callback path of the origin", arguments: MagicLinkTests.places)
    func place(origin: String, callbackPath: String, start: String) throws {
        #expect(try link(origin, callbackPath).url == start + MagicLinkTests.token)
    }

    @Test("printing a link does not reveal its token")
    func printing() throws {
        let link = try link(next: "/a")
        var dumped = ""
        dump(link, to: &dumped)
        for text in ["\(link)", String(reflecting: link), dumped] {
            #expect(text.contains("portal.example.com"))
            #expect(!text.contains(MagicLinkTests.token))
        }
    }
}
