import Secrets

/// A text as it stands in a header field: as it is where it is short ASCII, else as encoded words (RFC 2047 §2), folded so that
/// no line is longer than 78 characters.
/// - Parameter column: how much of the first line is taken.
/// - Precondition: it holds no control character.
func headerText(_ text: String, startingAt column: Int) -> String {
    precondition(!holdsControlCharacter(text), "checked where the text comes in")
    guard text.utf8.contains(where: { $0 >= 0x7F }) || text.utf8.count + column > 78 || text.contains("=?") else {
        return text
    }
    // A word has at most 75 characters, 12 of them its frame: 45 bytes make 60 in base64.
    var words: [String] = []
    var word: [UInt8] = []
    for scalar in text.unicodeScalars {
        let bytes = UTF8.encode(scalar)! // Every scalar has an encoding.
        if word.count + bytes.count > 45 {
            words.append(encodedWord(word))
            word = []
        }
        word += bytes
    }
    words.append(encodedWord(word))
    // The first may have to start a line of its own.
    let start = column + words[0].utf8.count > 78 ? "\r\n " : ""
    return start + words.joined(separator: "\r\n ")
}

/// A display name (RFC 5322 §3.2.5): words as they are, other ASCII in quotes, anything else as encoded words.
func displayName(_ name: String, startingAt column: Int) -> String {
    let isPlain = name.utf8.allSatisfy { byte in
        byte == UInt8(ascii: " ") || isAtomText(byte)
    }
    guard !isPlain, name.utf8.allSatisfy({ $0 < 0x7F }), name.utf8.count + column < 70, !name.contains("=?") else {
        return headerText(name, startingAt: column)
    }
    return "\"" + name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
}

private func encodedWord(_ bytes: [UInt8]) -> String {
    "=?UTF-8?B?\(bytes.withUnsafeBytes(base64))?="
}

/// RFC 5322 §3.2.3.
private func isAtomText(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
    default: "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
    }
}
