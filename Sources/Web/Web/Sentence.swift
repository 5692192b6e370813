import Bytes

/// A sentence for people, in English: `"Too many requests: try again in \(seconds) seconds"`.
///
/// It keeps its values apart from the text around them, which is the pattern. By the pattern, ``ErrorWords`` finds the
/// sentence in another language. A sentence for developers, which is not translated, is ``english(_:)``.
@usableFromInline package struct Sentence: Sendable {
    /// The English text with `{1}` instead of the first value, `{2}` instead of the second, and so on.
    let pattern: String
    /// The values, in the order of the English text.
    let values: [String]
    /// Whether the sentence has translations.
    let isTranslated: Bool

    /// A sentence for developers, such as one about the syntax of a request. It is English in every response.
    package static func english(_ text: String) -> Sentence {
        Sentence(verbatim: text)
    }

    /// A text that is not translated again.
    init(verbatim text: String) {
        self.init(pattern: text, values: [], isTranslated: false)
    }

    /// A sentence that an error states as a rule, such as ``PortalPath``'s. Each rule has its own translation.
    package init(_ error: ParseError) {
        self.init(pattern: error.sentence, values: [], isTranslated: true)
    }

    private init(pattern: String, values: [String], isTranslated: Bool) {
        self.pattern = pattern
        self.values = values
        self.isTranslated = isTranslated
    }

    /// The sentence as it was written: in English, unless it was translated.
    var text: String { text(by: pattern, isRightToLeft: false) }

    /// The sentence by a pattern in any language.
    func text(by pattern: String, isRightToLeft: Bool) -> String {
        guard !values.isEmpty else { return pattern }
        return filled(pattern, isRightToLeft: isRightToLeft) { name in
            Int(name).flatMap { values.indices.contains($0 - 1) ? values[$0 - 1] : nil }
        }
    }
}

extension Sentence: ExpressibleByStringInterpolation {
    @usableFromInline package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate private(set) var pattern = ""
        fileprivate private(set) var values: [String] = []

        @usableFromInline package init(literalCapacity: Int, interpolationCount: Int) {
            pattern.reserveCapacity(literalCapacity + 3 * interpolationCount)
            values.reserveCapacity(interpolationCount)
        }

        @usableFromInline package mutating func appendLiteral(_ text: String) {
            pattern += text
        }

        @usableFromInline package mutating func appendInterpolation(_ value: String) {
            values.append(value)
            pattern += "{\(values.count)}"
        }

        @usableFromInline package mutating func appendInterpolation(_ value: Int) {
            appendInterpolation(String(value))
        }
    }

    @usableFromInline package init(stringLiteral text: String) {
        self.init(pattern: text, values: [], isTranslated: true)
    }

    @usableFromInline package init(stringInterpolation text: StringInterpolation) {
        self.init(pattern: text.pattern, values: text.values, isTranslated: true)
    }
}

extension Sentence: Equatable {
    /// Whether two sentences have the same text.
    @usableFromInline package static func == (first: Sentence, second: Sentence) -> Bool {
        first.text == second.text
    }
}

/// Returns a pattern with its placeholders filled in, such as `{1}` or `{portal}`. A placeholder without a value becomes
/// empty.
///
/// In a language that is written from right to left, each value is enclosed in the isolates U+2068 and U+2069. This
/// keeps a host or an address from changing the order of the surrounding text (UAX #9).
/// - Parameter value: the value of a placeholder, by its name.
package func filled(_ pattern: String, isRightToLeft: Bool, _ value: (Substring) -> String?) -> String {
    let parts = pattern.split(separator: "{", omittingEmptySubsequences: false)
    return parts.dropFirst().reduce(into: String(parts[0])) { text, part in
        let halves = part.split(separator: "}", maxSplits: 1, omittingEmptySubsequences: false)
        if let value = value(halves[0]) { text += isRightToLeft ? "\u{2068}\(value)\u{2069}" : value }
        text += halves.count == 2 ? halves[1] : ""
    }
}
