import Bytes

/// Returns a text in the form for a header field: unchanged if it is short ASCII, otherwise as encoded words (RFC 2047
/// §2), folded so that no line is longer than 78 characters.
/// - Parameter column: the number of characters already on the first line.
/// - Precondition: the text contains no control character.
func headerText(_ text: String, startingAt column: Int) -> String {
    precondition(!holdsControlCharacter(text), "the caller removes control characters")
    let isShort = text.utf8.count + column <= 78
    return isShort && text.utf8.allSatisfy { $0 < 0x7F } && !text.contains("=?")
        ? text : encodedWords(text, startingAt: column)
}

/// Returns a display name in the form for a header field (RFC 5322 §3.2.5): atoms unchanged, other short ASCII as a
/// quoted string, anything else as encoded words.
/// - Parameter column: the number of characters already on the first line.
/// - Precondition: the name contains no control character.
func displayName(_ name: String, startingAt column: Int) -> String {
    precondition(!holdsControlCharacter(name), "Mailbox(parsing:) refuses control characters")
    guard name.utf8.allSatisfy({ $0 < 0x7F }), !name.contains("=?") else {
        return encodedWords(name, startingAt: column)
    }
    let words = name.split(separator: " ", omittingEmptySubsequences: false)
    let arePlain = words.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(isAtomText) }
    let text =
        arePlain ? name : "\"" + name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    return text.utf8.count + column <= 78 ? text : encodedWords(name, startingAt: column)
}

/// Returns a text as encoded words, one on each line, without splitting a scalar.
private func encodedWords(_ text: String, startingAt column: Int) -> String {
    // An encoded word has at most 75 characters, 12 of them delimiters, charset and encoding. That leaves room for 45
    // bytes, 60 characters in base64. The first word has less, because it shares its line with the field's name.
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

/// Whether a byte is `atext` (RFC 5322 §3.2.3).
private func isAtomText(_ byte: UInt8) -> Bool {
    byte.isASCIILetter || byte.isASCIIDigit || "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
}
