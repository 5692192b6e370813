import Foundation
import TestSupport
import Testing

@testable import MailMessage

@Suite
struct QuotedPrintableTests {
    private func encoded(_ text: String) -> String {
        var output: [UInt8] = []
        appendQuotedPrintable(Array(text.utf8), to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    static let texts: [(String, String)] = [
        ("", ""), ("Hello, world.", "Hello, world."),
        ("!\"#$%&'()*+,-./:;<>?@[\\]^_`{|}~", "!\"#$%&'()*+,-./:;<>?@[\\]^_`{|}~"),
        // Rule 1: bytes that are not visible ASCII, and `=` itself.
        ("=", "=3D"), ("a=b", "a=3Db"), ("=3D", "=3D3D"), ("é", "=C3=A9"), ("€", "=E2=82=AC"),
        ("😀", "=F0=9F=98=80"), ("한", "=ED=95=9C"), ("\u{2028}", "=E2=80=A8"),
        ("\0", "=00"), ("\u{1F}", "=1F"), ("\u{7F}", "=7F"), ("\u{B}\u{C}", "=0B=0C"),
        // Rule 3: spaces and tabs are literal, except at the end of a line.
        ("a b", "a b"), ("a\tb", "a\tb"), (" a", " a"), ("  a", "  a"),
        (" ", "=20"), ("\t", "=09"), ("a ", "a=20"), ("a\t", "a=09"), ("a  ", "a =20"), ("a \t", "a =09"),
        ("a \n", "a=20\r\n"), ("a\t\r\nb", "a=09\r\nb"), ("a \rb", "a=20\r\nb"), (" \n \n", "=20\r\n=20\r\n"),
        // Rule 4: all three line ends become CRLF.
        ("\n", "\r\n"), ("\r", "\r\n"), ("\r\n", "\r\n"), ("\n\n", "\r\n\r\n"), ("\r\r", "\r\n\r\n"),
        ("\n\r", "\r\n\r\n"), ("\r\r\n", "\r\n\r\n"), ("\r\n\n", "\r\n\r\n"), ("a\nb\rc\r\nd", "a\r\nb\r\nc\r\nd"),
        // A dot at the start of a line, which SMTP would double.
        (".", "=2E"), ("..", "=2E."), ("a.", "a."), ("\n.\n", "\r\n=2E\r\n"), (" .", " ."),
        // What mailbox formats change at the start of a line.
        ("From x", "=46rom x"), ("a\nFrom ", "a\r\n=46rom=20"), (" From x", " From x"), ("from x", "from x"),
        ("From: x", "From: x"), ("F", "F"), ("From", "From"),
    ]

    @Test("text is encoded as in RFC 2045 §6.7", arguments: QuotedPrintableTests.texts)
    func written(text: String, expected: String) {
        #expect(encoded(text) == expected)
    }

    private static func letters(_ count: Int) -> String { String(repeating: "a", count: count) }

    /// Rule 5: at most 76 characters per line, including the `=` of a soft line break.
    static let longLines: [(String, String)] = [
        (letters(75), letters(75)),
        (letters(77), letters(75) + "=\r\naa"),
        (letters(150), letters(75) + "=\r\n" + letters(75)),
        (letters(200), letters(75) + "=\r\n" + letters(75) + "=\r\n" + letters(50)),
        (letters(75) + "\n" + letters(75), letters(75) + "\r\n" + letters(75)),
        // An escape is not split.
        (letters(72) + "=", letters(72) + "=3D"),
        (letters(73) + "=", letters(73) + "=\r\n=3D"),
        (letters(74) + "=", letters(74) + "=\r\n=3D"),
        (letters(72) + "é", letters(72) + "=C3=\r\n=A9"),
        (letters(73) + "é", letters(73) + "=\r\n=C3=A9"),
        // A space before a soft line break stays literal, and one before the end of the text is escaped.
        (letters(74) + " a", letters(74) + " =\r\na"),
        (letters(72) + " ", letters(72) + "=20"),
        (letters(73) + " ", letters(73) + "=\r\n=20"),
        (letters(74) + " \n", letters(74) + "=\r\n=20\r\n"),
        (letters(75) + ".", letters(75) + "=\r\n=2E"),
        (letters(75) + "From x", letters(75) + "=\r\n=46rom x"),
        (String(repeating: "=", count: 26), String(repeating: "=3D", count: 25) + "=\r\n=3D"),
    ]

    @Test("a long line gets soft line breaks", arguments: QuotedPrintableTests.longLines)
    func broken(text: String, expected: String) {
        #expect(encoded(text) == expected)
    }

    @Test("earlier output is kept")
    func appended() {
        var output = Array("Subject: x\r\n\r\n".utf8)
        appendQuotedPrintable(Array("é".utf8), to: &output)
        #expect(output == Array("Subject: x\r\n\r\n=C3=A9".utf8))
    }

    private static let alphabet = [
        "a", "b", "=", " ", "\t", "\r", "\n", "\r\n", ".", "é", "한", "😀", "\0", "\u{7F}", "-",
    ]

    /// A random text of up to 300 characters, many of which need escaping.
    private static func text(_ random: inout SeededGenerator) -> String {
        // A random part of the alphabet, so that some texts have long lines, and others many.
        let letters = Array(alphabet.prefix(Int.random(in: 1...alphabet.count, using: &random)))
        let count = Int.random(in: 0...300, using: &random)
        return (0..<count).map { _ in letters.randomElement(using: &random) ?? "" }.joined()
    }

    /// The text with each line end as CRLF.
    private static func normalized(_ text: String) -> String {
        text.map { $0 == "\r\n" || $0 == "\r" || $0 == "\n" ? "\r\n" : String($0) }.joined()
    }

    @Test("no line of a random text is too long, ends with a space or tab, or is not ASCII")
    func lines() {
        var random = SeededGenerator(seed: 2045)
        for _ in 0..<500 {
            let text = QuotedPrintableTests.text(&random)
            for line in encoded(text).components(separatedBy: "\r\n") {
                let isValid =
                    line.utf8.count <= 76 && line.last != " " && line.last != "\t"
                    && line.utf8.allSatisfy { (0x20...0x7E).contains($0) || $0 == 0x09 }
                #expect(isValid, "\(line.debugDescription) of \(text.debugDescription)")
            }
        }
    }

    @Test("Python decodes random texts to the original")
    func python() async throws {
        var random = SeededGenerator(seed: 2045)
        let texts = (0..<500).map { _ in QuotedPrintableTests.text(&random) }
        let folder = try Folder()
        let path = "\(folder.path)/encoded"
        let lines = texts.map { hexadecimal(encoded($0).utf8) + "\n" }.joined()
        try Data(lines.utf8).write(to: URL(fileURLWithPath: path))
        let program = """
            import quopri, sys
            for line in open(sys.argv[1]): print(quopri.decodestring(bytes.fromhex(line)).hex())
            """
        let output = try await onOwnThread { try ChildProcess.output("python3", ["-c", program, path]) }
        let decoded = String(decoding: output, as: UTF8.self).components(separatedBy: "\n").dropLast()
        try #require(decoded.count == texts.count)
        for (text, decoded) in zip(texts, decoded) {
            let expected = hexadecimal(QuotedPrintableTests.normalized(text).utf8)
            #expect(decoded == expected, "\(text.debugDescription)")
        }
    }

    private func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}
