import Bytes
import Testing

@testable import Web

@Suite
struct SentenceTests {
    @Test("a sentence keeps its values apart from its pattern")
    func pattern() {
        let (field, count) = ("Origin", 7)
        let sentence: Sentence = "The \(field) header, \(count) times"
        #expect(sentence.pattern == "The {1} header, {2} times")
        #expect(sentence.values == ["Origin", "7"])
        #expect(sentence.text == "The Origin header, 7 times")
    }

    @Test("sentences are equal if their texts are")
    func equal() {
        let count = 7
        #expect("Wait \(count) seconds" as Sentence == "Wait 7 seconds")
        #expect("Wait \(count) seconds" as Sentence != "Wait 8 seconds")
    }

    @Test("a rule of an error is a sentence with a capital")
    func rule() {
        #expect(Sentence(ParseError("must start with /")).pattern == "Must start with /")
    }

    /// A pattern, its text from left to right, and its text from right to left, for the values `a` and `b`.
    static let patterns: [(String, String, String)] = [
        ("{1}", "a", "\u{2068}a\u{2069}"),
        ("{2} before {1}", "b before a", "\u{2068}b\u{2069} before \u{2068}a\u{2069}"),
        ("{1}{1}", "aa", "\u{2068}a\u{2069}\u{2068}a\u{2069}"),
        ("without", "without", "without"),
        ("{0}{3}{}{x}{-1}{99999999999999999999}.", ".", "."),
        ("open {1", "open a", "open \u{2068}a\u{2069}"),
        ("a } b {2}", "a } b b", "a } b \u{2068}b\u{2069}"),
        ("{{1}}", "a}", "\u{2068}a\u{2069}}"),
    ]

    @Test(
        "a pattern's placeholders are filled in, isolated from text that is written from right to left",
        arguments: patterns)
    func filledIn(pattern: String, leftToRight: String, rightToLeft: String) {
        let (first, second) = ("a", "b")
        let sentence: Sentence = "\(first) \(second)"
        #expect(sentence.text(by: pattern, isRightToLeft: false) == leftToRight)
        #expect(sentence.text(by: pattern, isRightToLeft: true) == rightToLeft)
    }

    @Test("a value that resembles a placeholder is not filled in")
    func resembling() {
        let (first, second) = ("{2}", "b")
        #expect(("\(first) and \(second)" as Sentence).text == "{2} and b")
    }
}
