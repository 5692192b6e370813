import Testing

@testable import Bytes

@Suite
struct ControlCharactersTests {
    @Test("C0, DEL, C1 and the line and paragraph separators are found at any position")
    func found() throws {
        for value in Array(0...0x1F) + Array(0x7F...0x9F) + [0x2028, 0x2029] {
            let character = String(try #require(Unicode.Scalar(UInt32(value))))
            for text in [character, "\(character)a", "a\(character)", "a\(character)b", "é\(character)\u{301}"] {
                #expect(holdsControlCharacter(text), "U+\(String(value, radix: 16))")
            }
            #expect(withoutControlCharacters("a\(character)b") == "a b")
        }
    }

    @Test(
        "other characters are left as they are",
        arguments: [
            "", " ", "Portal", "Zoë", "e\u{301}", "日本", "שלום", "👩‍👩‍👧", "a\u{A0}b", "a\u{200D}b", "\u{2068}a\u{2069}",
            "\u{FEFF}a", "~", "\u{E000}",
        ])
    func otherCharacters(text: String) {
        #expect(!holdsControlCharacter(text))
        #expect(withoutControlCharacters(text) == text)
    }

    @Test("no printable ASCII character is a control character")
    func printable() {
        for byte in UInt8(0x20)...0x7E { #expect(!holdsControlCharacter(String(Unicode.Scalar(byte)))) }
    }

    @Test(
        "each control character is replaced by a space",
        arguments: [
            ("a\r\nBcc: b", "a  Bcc: b"), ("\n", " "), ("a\0\0b", "a  b"), ("\tZoë\u{85}", " Zoë "),
            ("a\u{2028}b", "a b"),
        ])
    func replaced(text: String, expected: String) {
        #expect(withoutControlCharacters(text) == expected)
    }

    @Test(
        "a terminal gets no character that moves the cursor, changes colors, breaks the line or hides text",
        arguments: [
            "\u{1B}[2J", "\r", "\n", "\u{7F}", "\u{80}", "\u{9B}31m", "\u{2028}", "\u{2029}", "\u{202A}", "\u{202E}",
            "\u{2066}", "\u{2069}", "\u{200E}", "\u{200F}", "\u{61C}", "\0", "\t",
        ])
    func terminal(piece: String) {
        let shown = forTerminal("a\(piece)b")
        #expect(shown.unicodeScalars.allSatisfy { $0.value == 0x20 || $0.value > 0x20 && $0.value < 0x7F })
        #expect(shown.unicodeScalars.count == "a\(piece)b".unicodeScalars.count)
        #expect(forTerminal("Ünïcødé, שלום, 日本語 😀") == "Ünïcødé, שלום, 日本語 😀")
    }
}
