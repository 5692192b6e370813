import Bytes
import Cryptography
import Net
import Testing

@Suite
struct ServiceURLTests {
    /// A URL and its expected parts.
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        var scheme = "redis"
        var user: String?
        var password: [UInt8]?
        var host = "h"
        var port: Int?
        var path = ""
        var testDescription: String { text }
    }

    private static let schemes = ["redis", "unix", "maildir"]

    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    static let whole = [
        Case(text: "redis://h"), Case(text: "redis://h:1", port: 1), Case(text: "redis://h:65535", port: 65535),
        Case(text: "redis://h:00080", port: 80), Case(text: "redis://h/", path: "/"),
        Case(text: "redis://h:9/a/b%20c:d@e", port: 9, path: "/a/b%20c:d@e"), Case(text: "redis://", host: ""),
        Case(text: "redis:///", host: "", path: "/"), Case(text: "redis://:7", host: "", port: 7),
        Case(text: "unix:///run/a.sock", scheme: "unix", host: "", path: "/run/a.sock"),
        Case(
            text: "unix://u:p@/run/a.sock", scheme: "unix", user: "u", password: bytes("p"), host: "",
            path: "/run/a.sock"),
        Case(text: "redis://[::1]", host: "::1"), Case(text: "redis://[::1]:7/2", host: "::1", port: 7, path: "/2"),
        Case(text: "redis://u:p@[2001:db8::7]:7", user: "u", password: bytes("p"), host: "2001:db8::7", port: 7),
        Case(text: "redis://H.Example", host: "H.Example"),
        Case(text: "redis://a_b-c.example.", host: "a_b-c.example."),
        Case(text: "redis://h/://", path: "/://"),
    ]

    static let credentials = [
        Case(text: "redis://u:p@h", user: "u", password: bytes("p")), Case(text: "redis://u@h", user: "u"),
        Case(text: "redis://u:@h", user: "u"), Case(text: "redis://:p@h", password: bytes("p")),
        Case(text: "redis://:@h"), Case(text: "redis://@h"),
        Case(text: "redis://u:p:q@h", user: "u", password: bytes("p:q")),
        Case(text: "redis://u::@h", user: "u", password: bytes(":")),
        Case(text: "redis://u:p@h:1", user: "u", password: bytes("p"), port: 1),
        Case(text: "redis://a%40b%3Ac:%2F%3f%23%25@h", user: "a@b:c", password: bytes("/?#%")),
        Case(text: "redis://u:%00%ff%FE@h", user: "u", password: [0, 0xFF, 0xFE]),
        Case(text: "redis://%C3%BC:%e9%96%80@h", user: "ü", password: bytes("門")),
        Case(text: "redis://ü:門@h", user: "ü", password: bytes("門")),
        Case(text: "redis://u:a+b%20c@h", user: "u", password: bytes("a+b c")),
        Case(text: "redis://u:%2525@h", user: "u", password: bytes("%25")),
    ]

    private func expect(_ expected: Case) throws {
        let url = try ServiceURL(parsing: expected.text, schemes: ServiceURLTests.schemes)
        #expect(url.scheme == expected.scheme)
        #expect(url.user == expected.user)
        #expect(url.password?.withUnsafeBytes { Array($0) } == expected.password)
        #expect(url.host == expected.host)
        #expect(url.port == expected.port)
        #expect(url.path == expected.path)
    }

    @Test("a URL is split into its parts", arguments: ServiceURLTests.whole)
    func parts(expected: Case) throws { try expect(expected) }

    @Test("user and password are percent-decoded, and nil if empty", arguments: ServiceURLTests.credentials)
    func decoded(expected: Case) throws { try expect(expected) }

    /// Texts, and a word of the rule that each breaks.
    static let invalid: [(String, String)] = [
        ("", "start"), ("h8dden", "start"), ("redis", "start"), ("redis:", "start"), ("redis:/h8dden", "start"),
        ("redis:h8dden", "start"), ("://h8dden", "start"), ("Redis://h8dden", "start"),
        ("rediss://h8dden", "start"), ("xredis://h8dden", "start"), ("http://h8dden", "start"),
        ("redis:\\\\h8dden", "start"), ("redis:/\u{301}/h8dden", "start"), ("h8dden@redis://h", "start"),
        ("redis://h?h8dden", "query"), ("redis://h#h8dden", "query"), ("redis://u:h8?dden@h", "%3F"),
        ("redis://u:h8#dden@h", "%23"), ("redis://h/h8dden?", "query"),
        ("redis://u:h8dden%@h", "%25"), ("redis://u:h8dden%4@h", "%25"), ("redis://u:h8dden%zz@h", "%25"),
        ("redis://u:h8dden%+4@h", "%25"), ("redis://u:h8dden%%41@h", "%25"), ("redis://h8dden%:p@h", "%25"),
        ("redis://u:h8dden%４１@h", "%25"),
        ("redis://u:h8@dden@h", "%40"), ("redis://@@h8dden", "%40"),
        ("redis://h8dden:", "port"), ("redis://h8dden:0", "port"), ("redis://h8dden:65536", "port"),
        ("redis://h8dden:-1", "port"), ("redis://h8dden:+1", "port"),
        ("redis://h8dden:x", "port"), ("redis://h8dden:0x1", "port"),
        ("redis://h8dden:１", "port"), ("redis://h8dden:1:2", "port"), ("redis://h8dden:99999999999999999999", "port"),
        ("redis://h8@dden:p@h", "%40"), ("redis://redis://h8dden", "port"), ("redis://::1", "port"),
        ("redis://[::1]:", "port"), ("redis://[::1]:0", "port"),
        ("redis://[::1]:h8dden", "port"),
        ("redis://[h8dden", "bracket"), ("redis://[::1]h8dden", "bracket"), ("redis://[", "bracket"),
        ("redis://[::1]]", "bracket"), ("redis://[[::1]]", "bracket"),
        (" redis://h8dden", "line end"), ("redis://h8dden\n", "line end"), ("redis://h8dden/0\r\n", "line end"),
        ("redis://h8dden/0 ", "line end"), ("redis://h8dden:1 ", "line end"), ("redis://h8dden: 1", "line end"),
        ("redis://u:h8d den@h", "%20"), ("redis://u\t:h8dden@h", "%20"), ("redis://h8dden\u{A0}", "line end"),
        ("redis://h8d\u{0}den", "line end"), ("redis://h8dden% 1@h", "line end"), ("unix:///h8dden\n", "line end"),
    ]

    @Test("a space inside the path of a folder is part of it")
    func spaceInPath() throws {
        #expect(try ServiceURL(parsing: "maildir:///my mail/new", schemes: ["maildir"]).path == "/my mail/new")
    }

    @Test("any other text is refused with its rule, and is not part of the error", arguments: ServiceURLTests.invalid)
    func refused(text: String, word: String) throws {
        let error = try #require(throws: ParseError.self) {
            try ServiceURL(parsing: text, schemes: ServiceURLTests.schemes)
        }
        #expect(error.description.hasPrefix("must "))
        #expect(error.description.contains(word), "\(error)")
        #expect(!String(reflecting: error).contains("dden"))
    }

    @Test("the rule names all allowed schemes")
    func schemeNames() {
        for (schemes, expected) in [
            (["a"], "must start with a://"), (["a", "b"], "must start with a:// or b://"),
            (["a", "b", "c"], "must start with a://, b:// or c://"),
        ] {
            #expect(throws: ParseError(expected)) { try ServiceURL(parsing: "x://h", schemes: schemes) }
        }
    }

    @Test("a truncated URL is a different URL, or refused")
    func beginnings() {
        let text = "redis://us%65r:p%40ss@[2001:db8::7]:6379/3"
        for length in 0..<text.count {
            let beginning = String(text.prefix(length))
            guard let url = try? ServiceURL(parsing: beginning, schemes: ["redis"]) else { continue }
            #expect(beginning.hasPrefix("redis://"))
            #expect(url.password == nil || beginning.contains("@"), "\(beginning)")
        }
    }

    @Test("a password is not printed")
    func printing() throws {
        let url = try ServiceURL(parsing: "redis://door:h8dden@h", schemes: ["redis"])
        var dumped = ""
        dump(url, to: &dumped)
        for text in ["\(url)", String(reflecting: url), dumped] {
            #expect(text.contains("<secret>"))
            #expect(!text.contains("h8dden"))
        }
    }
}
