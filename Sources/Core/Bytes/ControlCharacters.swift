/// Whether a text holds a character that must not stand in a header field: a control character (CR, LF and NUL among
/// them), or a line or paragraph separator.
package func holdsControlCharacter(_ text: some StringProtocol) -> Bool {
    text.unicodeScalars.contains(where: \.isControl)
}

/// The text on one line: with a blank for each such character.
package func withoutControlCharacters(_ text: String) -> String {
    guard holdsControlCharacter(text) else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.map { $0.isControl ? " " : $0 }))
}

extension Unicode.Scalar {
    fileprivate var isControl: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
