import Net
import TestSupport
import Testing

@Suite
struct EmailAddressFormatTests {
    /// The pattern of Zod 4's `email()`, verbatim.
    private static let zodPattern =
        #"^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$"#

    @Test(
        "an address is recognised",
        arguments: [
            "a@b.co", "ada@example.com", "ADA@EXAMPLE.COM", "ada.lovelace@example.com", "a.b.c@example.com",
            "ada+tag@example.com", "_@example.com", "-@example.com", "+@example.com", "o'hara@example.com",
            "'a@example.com", "a'.b@example.com", "1@2.co", "a-@example.com", "a@1.example.com", "a@b-.example.com",
            "a@b--c.example.com", "a@xn--mnchen-3ya.example", "a@a.b.c.d.e.museum", "a@1-2.co",
            "a@example.travelersinsurance", "1234567890@example.com", "a.-@example.com",
        ])
    func recognised(text: String) {
        #expect(isEmailAddress(text))
    }

    @Test(
        "any other text is not recognised",
        arguments: [
            "", "@", "a", "a@", "@b.co", "a@b", "a@b.", "a@b.c", "a@.co", "a@b..co", "a@b.co.", ".a@b.co", "a.@b.co",
            "a..b@c.co", "..@b.co", ".@b.co", "'@b.co", "a'@b.co", "a@-b.co", "a@b.-c.co", "a@b_c.co", "a@b.c0",
            "a@b.co1", "a@b.c-o", "a@b.1", "a@127.0.0.1", "a@[127.0.0.1]", "a@@b.co", "a@b@c.co", "a b@c.co", " a@b.co",
            "a@b.co ", "a@b.co\n", "\na@b.co", "a@b .co", "a@b.co\0", "a\0@b.co", "a\t@b.co", "a@x.com,b@y.com",
            "a@x.com;b@y.com", "a@x.com b@y.com", "a,b@c.co", "<a@b.co>", "Ada <a@b.co>", "mailto:a@b.co",
            "\"a b\"@c.co", "a(x)@b.co", "a@b.co(x)", "a\\@b.co", "a/b@c.co", "a%b@c.co", "a!b@c.co", "a#b@c.co",
            "a$b@c.co", "a&b@c.co", "a*b@c.co", "a=b@c.co", "a?b@c.co", "a^b@c.co", "a`b@c.co", "a{b@c.co", "a|b@c.co",
            "a~b@c.co", "a:b@c.co", "é@b.co", "a@é.co", "a@b.cé", "a＠b.co", "a@b。co", "a@b．co", "ａ@b.co", "a@ｂ.co",
            "\u{212A}@b.co", "a@\u{212A}.co", "a@b.c\u{131}", "a@b.co\u{301}", "a\u{301}@b.co", "a\u{200B}@b.co",
            "\u{FEFF}a@b.co", "a@b.co\u{2028}", "a@b.co\r\nBcc: c@d.co", "a@b.co%0d%0a", "😀@b.co",
        ])
    func notRecognised(text: String) {
        #expect(!isEmailAddress(text))
    }

    @Test("a truncated address is recognised if its last label has two letters or more")
    func beginnings() {
        let text = "ada.lovelace@mail.example.com"
        let accepted = (0...text.count).filter { isEmailAddress(String(text.prefix($0))) }
        // `ada.lovelace@mail.` has 18 characters; one letter more is not enough.
        #expect(accepted == [20, 21, 22, 23, 24, 25, 28, 29])
    }

    @Test("a text of a hundred thousand labels or characters is recognised or refused")
    func long() {
        #expect(isEmailAddress("a@" + String(repeating: "a.", count: 100_000) + "co"))
        #expect(!isEmailAddress("a@" + String(repeating: "a.", count: 100_000) + "c"))
        #expect(!isEmailAddress(String(repeating: "a", count: 200_000)))
        #expect(!isEmailAddress("a@" + String(repeating: "-", count: 200_000)))
    }

    @Test(
        "a label has at most 63 bytes, and the last one may be internationalized",
        arguments: [
            ("a@\(String(repeating: "b", count: 63)).co", true), ("a@\(String(repeating: "b", count: 64)).co", false),
            ("a@x.\(String(repeating: "b", count: 63))", true), ("a@x.\(String(repeating: "b", count: 64))", false),
            ("a@b.\(String(repeating: "c", count: 64)).co", false), ("a@example.xn--p1ai", true),
            ("a@example.XN--P1AI", true), ("a@xn--bcher-kva.example.xn--vermgensberatung-pwb", true),
            ("a@example.xn--", false), ("a@example.xn-p1ai", false), ("a@example.xn--p1ai-", false),
            ("a@example.xm--p1ai", false), ("a@xn--p1ai", false), ("a@example.a1", false),
        ])
    func labels(text: String, isExpected: Bool) {
        #expect(isEmailAddress(text) == isExpected)
    }

    @Test("random texts are recognised if, and only if, Zod's own pattern matches", arguments: UInt64(0)..<8)
    func pattern(seed: UInt64) throws {
        let pattern = try Regex(EmailAddressFormatTests.zodPattern).matchingSemantics(.unicodeScalar)
        var texts = RandomAddresses(seed: seed)
        var differences: [String] = []
        var matchCount = 0
        let textCount = 1500
        for _ in 0..<textCount {
            let text = texts.next()
            let isMatch = text.wholeMatch(of: pattern) != nil  // No text has a label of more than 63 bytes.
            if isMatch { matchCount += 1 }
            if isEmailAddress(text) != isMatch { differences.append(text) }
        }
        #expect(differences == [])
        // Neither outcome is rare, so that the comparison means something.
        #expect(matchCount > 80)
        #expect(matchCount < textCount - 80)
    }
}

/// Random texts: addresses, damaged addresses, and characters of addresses in any order.
private struct RandomAddresses {
    private var random: SeededGenerator
    private static let alphabet: [Unicode.Scalar] = [
        "a", "b", "z", "A", "Z", "0", "9", "@", "@", ".", ".", ".", "-", "_", "'", "+", " ", "%", ",", "é", "\u{301}",
        "\u{212A}", "＠", "。", "\u{0}",
    ]

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    mutating func next() -> String {
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
            return text(of: RandomAddresses.alphabet, 0...12)
        case 1:
            return text(of: ["a", "9", "@", ".", "-", "'"], 0...10)
        default:
            var scalars = Array(address().unicodeScalars)
            for _ in 0..<Int.random(in: 0...2, using: &random) { damage(&scalars) }
            return string(scalars)
        }
    }

    private mutating func address() -> String {
        var parts = [text(of: ["a", "Z", "5", ".", "_", "'", "+", "-"], 1...6), "@"]
        for _ in 0..<Int.random(in: 1...3, using: &random) { parts += [text(of: ["a", "Z", "5", "-"], 1...4), "."] }
        parts.append(text(of: ["a", "b", "Z"], 1...4))
        return parts.joined()
    }

    private mutating func damage(_ scalars: inout [Unicode.Scalar]) {
        // Not empty.
        let scalar = RandomAddresses.alphabet.randomElement(using: &random)!
        let position = Int.random(in: 0...scalars.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0 where position < scalars.count: scalars[position] = scalar
        case 1 where position < scalars.count: scalars.remove(at: position)
        default: scalars.insert(scalar, at: position)
        }
    }

    private mutating func text(of scalars: [Unicode.Scalar], _ lengths: ClosedRange<Int>) -> String {
        let length = Int.random(in: lengths, using: &random)
        // Not empty.
        return string((0..<length).map { _ in scalars.randomElement(using: &random)! })
    }

    private func string(_ scalars: [Unicode.Scalar]) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }
}
