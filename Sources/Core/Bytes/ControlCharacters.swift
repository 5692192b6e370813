/// Whether a text contains a character that is not allowed in a header field: a control character, such as CR, LF or
/// NUL, or a line or paragraph separator.
package func holdsControlCharacter(_ text: some StringProtocol) -> Bool {
    text.unicodeScalars.contains(where: \.isControl)
}

/// The text with each control character, line separator and paragraph separator replaced by a space.
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
