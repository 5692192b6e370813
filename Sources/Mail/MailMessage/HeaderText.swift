import Bytes
import Cryptography

/// A text as it stands in a header field: as it is where it is short ASCII, else as encoded words (RFC 2047 §2), folded
/// so that no line is longer than 78 characters.
/// - Parameter column: how much of the first line is taken.
/// - Precondition: it holds no control character.
func headerText(_ text: String, startingAt column: Int) -> String {
    precondition(!holdsControlCharacter(text), "checked where the text comes in")
    let isShort = text.utf8.count + column <= 78
    return isShort && text.utf8.allSatisfy { $0 < 0x7F } && !text.contains("=?")
        ? text : encodedWords(text, startingAt: column)
}

/// A display name (RFC 5322 §3.2.5): words as they are, other short ASCII in quotes, anything else as encoded words.
/// - Precondition: it holds no control character.
func displayName(_ name: String, startingAt column: Int) -> String {
    precondition(!holdsControlCharacter(name), "checked where the name comes in")
    guard name.utf8.allSatisfy({ $0 < 0x7F }), !name.contains("=?") else {
        return encodedWords(name, startingAt: column)
    }
    let words = name.split(separator: " ", omittingEmptySubsequences: false)
    let arePlain = words.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(isAtomText) }
    let text =
        arePlain ? name : "\"" + name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    return text.utf8.count + column <= 78 ? text : encodedWords(name, startingAt: column)
}

/// A text as encoded words of whole scalars, a line each.
private func encodedWords(_ text: String, startingAt column: Int) -> String {
    // A word has at most 75 characters, 12 of them its frame: 45 bytes make 60 in base64. The first shares its line.
    var room = max(4, (78 - column - 12) / 4 * 3)
    var words: [String] = []
    var word: [UInt8] = []
    for scalar in text.unicodeScalars {
        let bytes = UTF8.encode(scalar)!  // Every scalar has an encoding.
        if word.count + bytes.count > room {
            words.append(encodedWord(word))
            word = []
            room = 45
        }
        word += bytes
    }
    words.append(encodedWord(word))
    return words.joined(separator: "\r\n ")
}

private func encodedWord(_ bytes: [UInt8]) -> String {
    "=?UTF-8?B?\(bytes.withUnsafeBytes(base64))?="
}

/// RFC 5322 §3.2.3.
private func isAtomText(_ byte: UInt8) -> Bool {
    byte.isASCIILetter || byte.isASCIIDigit || "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
}
