import Net
import Testing

@testable import Delivery

@Suite
struct ServerWordsTests {
    private static let escapes: [(String, String)] = [
        ("550 \u{1B}[2J\u{1B}]0;title\u{7}No", "550  [2J ]0;title No"), ("a\u{9B}31m", "a 31m"),
        ("a\u{202E}b\u{2066}c\u{200B}d\u{FEFF}e", "a b c d e"), ("a\rb\nc\td\0e", "a b c d e"),
        ("a\u{2028}b\u{2029}c", "a b c"), ("Grüße 日本", "Grüße 日本"), ("plain", "plain"),
    ]

    @Test("what controls a terminal is replaced by spaces", arguments: escapes)
    func plain(text: String, expected: String) {
        #expect(plainText(text) == expected)
    }

    private static let refusals: [(String, String?)] = [
        ("5.4.5 Daily user sending limit exceeded.", "5.4.5 Daily user sending limit exceeded."),
        ("<ada.lovelace@customer.example>: Relay access denied", "Relay access denied"),
        ("the user Ada (ada.lovelace) at customer is unknown", "the user at is unknown"),
        ("ada-lovelace+x ADALOVELACE adams lovelaces", nil),
        ("see https://portal.example.com/in?token=abc code 123456 or 12345678", "see code or"),
        ("blocked [192.0.2.1] \u{1B}[31m now", "blocked [192.0.2.1] [31m now"),
        ("link=abc %41 \(String(repeating: "x", count: 31)) naïve ok", "ok"), ("", nil),
        (String(repeating: "no ", count: 100), Array(repeating: "no", count: 25).joined(separator: " ")),
        // A top-level domain is part of many words.
        ("Examples are wrong: an exemplary command", "Examples are wrong: an exemplary command"),
    ]

    @Test("words for the log have no part of an address, no link, token or code", arguments: refusals)
    func loggable(text: String, expected: String?) throws {
        let address = try Sample.address("ada.lovelace@customer.example")
        #expect(loggableWords(text, hiding: [address]) == expected)
    }
}
