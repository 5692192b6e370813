import Bytes
import Net

/// A text from a mail server, for a terminal: control characters, and characters that change the direction of text or
/// are invisible, are replaced by spaces.
func plainText(_ text: String) -> String {
    let text = withoutControlCharacters(text)
    guard !text.utf8.allSatisfy({ $0 < 0x80 }) else { return text }
    return String(
        String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .format ? " " : $0 }))
}

/// Returns the words of a refusal that can be logged: without anything that may be an address, a link, a token or a
/// code, which servers repeat in their refusals; `nil` if nothing is left.
/// - Parameter addresses: addresses, no part of which is in the result, except their top-level domains.
func loggableWords(_ text: String, hiding addresses: [EmailAddress]) -> String? {
    let hidden = addresses.flatMap { address in
        address.text.split { !$0.isLetter && !$0.isNumber }.dropLast().map { String($0) }
    }
    var words: [Substring] = []
    for word in plainText(text).split(separator: " ") where words.count < 25 {
        guard word.utf8.count <= 30, word.isVisibleASCII, !word.utf8.contains(where: "@/<>=%".utf8.contains) else {
            continue
        }
        let parts = word.split { !$0.isLetter && !$0.isNumber }.map { $0.lowercased() }
        let isHidden = parts.contains { part in
            (part.utf8.count >= 5 && part.isASCIIDigits)
                || hidden.contains { $0 == part || $0.utf8.count >= 3 && part.contains($0) }
        }
        if !isHidden { words.append(word) }
    }
    return words.isEmpty ? nil : words.joined(separator: " ")
}
