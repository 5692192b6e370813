/// Whether a text contains a character that is not allowed in a header field: a control character, such as CR, LF or
/// NUL, or a line or paragraph separator.
package func holdsControlCharacter(_ text: some StringProtocol) -> Bool {
    text.unicodeScalars.contains(where: \.isControl)
}

/// The text with each control character, line separator and paragraph separator replaced by a space.
package func withoutControlCharacters(_ text: String) -> String {
    replacing(text, \.isControl)
}

/// The text for a line of a terminal: the characters of ``withoutControlCharacters(_:)`` are replaced by spaces, and so are
/// those that change the direction of others, behind which a text can hide.
package func forTerminal(_ text: String) -> String {
    replacing(text) { $0.isControl || $0.isDirectional }
}

private func replacing(_ text: String, _ isReplaced: (Unicode.Scalar) -> Bool) -> String {
    guard text.unicodeScalars.contains(where: isReplaced) else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.map { isReplaced($0) ? " " : $0 }))
}

extension Unicode.Scalar {
    /// Whether the character is an embedding, override, isolate or mark of direction (UAX #9, §2).
    fileprivate var isDirectional: Bool {
        switch value {
        case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    fileprivate var isControl: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
