import Bytes
import Foundation
import Net
import TestSupport
import Testing

@Suite
struct PortalPathTests {
    @Test(
        "a path within the portal that is a URI reference is kept unchanged, with query and fragment",
        arguments: [
            "/", "/a", "/a/", "/a/b", "/a//b", "/a/./b", "/./a", "/.", "/a/.", "/...", "/.../a", "/a..b", "/..a",
            "/a..", "/.a", "/a.b", "/-", "/orders/17?tab=a&b=c#top", "/?", "/#", "/?a", "/#a", "/a?b?c#d",
            "/?next=//evil.example", "/?next=/../..", "/a?..", "/a?/../", "/a#/../..", "/a#//b",
            "/a?https://evil.example", "/a:b@c", "/@evil.example", "/:80", "/evil.example", "/https://evil.example",
            "/%20", "/a%20b", "/%C3%A9", "/%E2%82%AC", "/%41",
            "/%61/%62", "/a%2Fb", "/a%2fb", "/a%252Fb", "/a%3Fb", "/a%23b", "/a%26b", "/%2e/a", "/%2E", "/a/%2e/b",
            "/a%2e%2eb", "/%2e%2e%2e", "/%25", "/%2525", "/%2541", "/a%25b", "/%C2%A0", "/~a!$&'()*+,;=",
            "/a?b=%2F%2F", "/a?b=%2e%2e%2f", "/a?b=%26",
            "/%25252Fa", "/%2525255C",
        ])
    func safe(text: String) throws {
        #expect(try PortalPath(parsing: text).text == text)
    }

    /// Paths, and how they are handed on: with the characters escaped that no URI contains.
    static let escaped: [(String, String)] = [
        ("/a b", "/a%20b"), ("/ a", "/%20a"), ("/é€", "/%C3%A9%E2%82%AC"), ("/😀", "/%F0%9F%98%80"),
        ("/a\u{A0}b", "/a%C2%A0b"), ("/\u{2028}", "/%E2%80%A8"), ("/a|b\"<>^`{}", "/a%7Cb%22%3C%3E%5E%60%7B%7D"),
        ("/\u{2215}", "/%E2%88%95"), ("/\u{FF0F}\u{FF0F}evil.example", "/%EF%BC%8F%EF%BC%8Fevil.example"),
        ("/a?b?c#d#e", "/a?b?c#d%23e"), ("/a?b[c]=d", "/a?b%5Bc%5D=d"),
        ("/%C3%A9 é?é#é", "/%C3%A9%20%C3%A9?%C3%A9#%C3%A9"),
    ]

    @Test(
        "characters that no URI contains are escaped, and the result is handed on unchanged",
        arguments: PortalPathTests.escaped)
    func normalized(text: String, expected: String) throws {
        #expect(try PortalPath(parsing: text).text == expected)
        #expect(try PortalPath(parsing: expected).text == expected)
    }

    @Test(
        "an escape that is malformed, or not of UTF-8, is refused",
        arguments: [
            "/%", "/%%", "/100%", "/100%/a", "/%a", "/%4", "/%zz", "/%2", "/%g1", "/a%", "/%%41", "/%u002f", "/a?b=%",
            "/a?b=%zz", "/a#%", "/a#%4", "/%FF", "/%C3", "/%C3a", "/%A9", "/%C0%AF", "/%E0%80%AF", "/%F0%80%80%AF",
            "/%ED%A0%80", "/%F4%90%80%80", "/a?b=%C0%AE", "/é%C3",
        ])
    func malformed(text: String) {
        #expect(throws: ParseError("must have only valid percent escapes, of UTF-8")) { try PortalPath(parsing: text) }
    }

    @Test(
        "a text that does not start with a slash is refused",
        arguments: [
            "", "a", "a/b", ".", "./a", "../a", "?a", "#a", " /a", "\t/a", "\n/a", "https://portal.example.com/",
            "https:/a", "javascript:alert(1)", "data:,", "portal.example.com/a", "@evil.example", "%2Fa", "%2F",
            "%252Fa", "\\a", "\\\\evil.example", "\\/evil.example", "é", "／a",
        ])
    func noPath(text: String) {
        #expect(throws: ParseError.self) { try PortalPath(parsing: text) }
    }

    @Test(
        "a path that a browser may resolve to another host is refused",
        arguments: [
            "//", "///", "//evil.example", "///evil.example", "//evil.example/a", "/%2F", "/%2f", "/%2Fevil.example",
            "/%2fevil.example", "/%2F%2Fevil.example", "%2F%2Fevil.example", "/%252F", "/%252f", "/%252Fevil.example",
            "/%252f%252fevil.example", "/%25%32%46", "/%2%46a", "/%%32Fa", "/%%32%46a", "/.//", "/.//x", "/././/x",
            "/.///x", "/%2E//x", "/%2e//x", "/.%2F/x", "/.%2F%2Fx", "/%2e%2f%2fx", "/%252E//x", "/.%252F/x",
            "/%252E%252F%252Fx", "/./%2Fx", "/./%252Fx", "//?a", "//#a", "/%2F?a",
        ])
    func otherHost(text: String) {
        #expect(throws: ParseError.self) { try PortalPath(parsing: text) }
    }

    @Test(
        "a backslash is refused, even escaped once or twice, and in query and fragment",
        arguments: [
            "\\", "%5C", "%5c", "%255C", "%255c", "%25%35%43", "%%35%43", "%5%43", "%5%63", "a\\b", "a%5Cb",
            "\\evil.example", "%5Cevil.example", "%5C%5Cevil.example", "a/\\..", "?a=\\", "?a=%5C", "?a=%255c", "#\\",
            "#%5C", "#%255C", "a?b#c%5cd",
        ])
    func backslash(rest: String) {
        #expect(throws: ParseError.self) { try PortalPath(parsing: "/" + rest) }
    }

    /// C0, DEL, and C1 in UTF-8.
    static let controls: [[UInt8]] = {
        var controls: [[UInt8]] = [[0x7F]]
        for byte in UInt8(0)...0x1F { controls.append([byte]) }
        for byte in UInt8(0x80)...0x9F { controls.append([0xC2, byte]) }
        return controls
    }()

    @Test(
        "every control character is refused, even escaped once or twice, at every place",
        arguments: PortalPathTests.controls)
    func control(bytes: [UInt8]) {
        let raw = String(decoding: bytes, as: UTF8.self)
        let escaped = bytes.map { byte -> String in
            byte < 16 ? "%0" + String(byte, radix: 16) : "%" + String(byte, radix: 16)
        }.joined()
        let pieces = [raw, escaped, escaped.uppercased(), escaped.replacing("%", with: "%25")]
        for piece in pieces {
            for text in ["/\(piece)", "/a\(piece)b", "/a/\(piece)", "/a?b=\(piece)", "/a#\(piece)", "/\(piece)/a?b#c"] {
                #expect(throws: ParseError.self, "\(text.debugDescription)") { try PortalPath(parsing: text) }
            }
        }
    }

    @Test(
        "a header field cannot be injected",
        arguments: ["/a\r\nb", "/a%0D%0Ab", "/a%0d%0aSet-Cookie:b", "/a%250D%250Ab", "/?a=%0A"])
    func headers(text: String) {
        #expect(throws: ParseError.self) { try PortalPath(parsing: text) }
    }

    @Test(
        "a .. segment is refused, even escaped once or twice",
        arguments: [
            "/..", "/../", "/../a", "/a/..", "/a/../b", "/a/b/../..", "/..?a", "/..#a", "/a/..?b", "/a/..#b", "/./..",
            "/%2e%2e", "/%2E%2E/a", "/.%2e", "/%2e.", "/.%2E/a", "/..%2F", "/..%2f..%2f", "/..%2F..%2F", "/a/..%2Fb",
            "/a%2F..%2Fb", "/a%2F..", "/a%2f%2e%2e%2fb", "/%252e%252e/a", "/%252E%252E", "/.%252e/a", "/..%252F",
            "/..%252fa", "/a%252F..", "/a%252f%252e%252e", "/%25%32%65%2e/a", "/%2%65%2e/a", "/a/%2e%2e?b",
            "/a/%2e%2e#b",
        ])
    func climbing(text: String) {
        #expect(throws: ParseError.self) { try PortalPath(parsing: text) }
    }

    @Test("a path has at most 2,048 bytes, counted with its escapes")
    func length() throws {
        let longest = "/" + String(repeating: "a", count: 2047)
        #expect(try PortalPath(parsing: longest).text == longest)
        #expect(throws: ParseError.self) { try PortalPath(parsing: longest + "a") }
        #expect(throws: ParseError.self) { try PortalPath(parsing: longest + "?") }
        // Six bytes each, and one for the slash.
        #expect(try PortalPath(parsing: "/" + String(repeating: "é", count: 341)).text.utf8.count == 2047)
        #expect(throws: ParseError.self) { try PortalPath(parsing: "/" + String(repeating: "é", count: 342)) }
        #expect(throws: ParseError.self) { try PortalPath(parsing: "/" + String(repeating: "%20", count: 683)) }
        #expect(try PortalPath(parsing: "/?" + String(repeating: "%25", count: 682)).text.utf8.count == 2048)
    }

    @Test("every beginning of a safe path is safe")
    func beginnings() throws {
        let text = "/orders/17%20a/.b/c..d?tab=%2F%2F&e=..#top//"
        for length in 1...text.count {
            let beginning = String(text.prefix(length))
            if beginning.contains(/%.?$/) { continue }
            // `c.` and `c..`, the last segments of some beginnings, are names.
            #expect(try PortalPath(parsing: beginning).text == beginning)
        }
    }

    @Test("random paths are safe exactly if another implementation of the rule says so", arguments: UInt64(0)..<6)
    func model(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "/", "/", "\\", ".", ".", "..", "%2F", "%2f", "%5C", "%2E", "%2e", "%25", "25", "2F", "5c", "2E", "a", "?",
            "#", "%0A", "%7F", "%",
        ]
        var safeCount = 0
        var differences: [String] = []
        let textCount = 2000
        for _ in 0..<textCount {
            let count = Int.random(in: 0...6, using: &random)
            // `pieces` is not empty.
            let text = "/" + (0..<count).map { _ in pieces.randomElement(using: &random)! }.joined()
            let isExpected = isSafe(text)
            if isExpected { safeCount += 1 }
            if ((try? PortalPath(parsing: text)) != nil) != isExpected { differences.append(text) }
        }
        #expect(differences == [])
        // Neither outcome is rare, so that the comparison is meaningful.
        #expect(safeCount > 100)
        #expect(safeCount < textCount - 100)
    }

    /// Another implementation of the rule, with regular expressions, for ASCII texts.
    private func isSafe(_ text: String) -> Bool {
        // Nil for malformed escapes, and for those that are not UTF-8.
        if text.removingPercentEncoding == nil { return false }
        let end = text.firstIndex { $0 == "?" || $0 == "#" } ?? text.endIndex
        var path = String(text[..<end])
        var rest = String(text[end...])
        for _ in 0..<3 {
            if (path + rest).contains(where: { $0 == "\\" || $0 < " " || $0 == "\u{7F}" }) { return false }
            if path.prefixMatch(of: /\/(\.\/)*\//) != nil { return false }
            if path.split(separator: "/", omittingEmptySubsequences: false).contains("..") { return false }
            path = decoded(path)
            rest = decoded(rest)
        }
        return true
    }

    private func decoded(_ text: String) -> String {
        text.replacing(/%[0-9A-Fa-f]{2}/) { match in
            // Two hexadecimal digits are a byte.
            String(Unicode.Scalar(UInt8(match.output.dropFirst(), radix: 16)!))
        }
    }
}
