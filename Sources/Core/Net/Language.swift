import Bytes

/// A language, as a tag in its canonical case: `pt`, `zh-Hant` or `de-AT` (BCP 47, RFC 5646).
package struct Language: Sendable, Hashable {
    /// The maximum length of a tag, which holds every language, script, region and variant in use (RFC 5646 §4.4.1).
    package static let maximumLength = 35

    package static let english = Language(canonical: "en")

    /// The tag: ASCII letters, digits and hyphens.
    package let tag: String

    private init(canonical tag: String) {
        self.tag = tag
    }

    /// Reads a tag in any case. An underscore is read as a hyphen: `de_DE` is `de-DE`.
    /// - Throws: ``ParseError`` if the text is not a well-formed tag (RFC 5646 §2.1), or longer than 35 characters.
    package init(parsing text: String) throws(ParseError) {
        let error = ParseError("must be a BCP 47 language tag of at most 35 characters", example: "pt-BR")
        guard text.utf8.count <= Language.maximumLength else { throw error }
        let bytes = text.utf8.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "-") : $0.asciiLowercased }
        let subtags = bytes.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard subtags.allSatisfy(Language.isSubtag),
            Language.isLanguageTag(subtags[...])
                || Language.irregular.contains(String(decoding: bytes, as: UTF8.self))
        else { throw error }
        tag = Language.canonical(subtags)
    }

    private typealias Subtag = ArraySlice<UInt8>

    /// Tags that are valid although they break the grammar (RFC 5646 §2.2.8), in lower case.
    private static let irregular: Set = [
        "en-gb-oed", "i-ami", "i-bnn", "i-default", "i-enochian", "i-hak", "i-klingon", "i-lux", "i-mingo", "i-navajo",
        "i-pwn", "i-tao", "i-tay", "i-tsu", "sgn-be-fr", "sgn-be-nl", "sgn-ch-de",
    ]

    private static func isSubtag(_ subtag: Subtag) -> Bool {
        (1...8).contains(subtag.count) && subtag.allSatisfy { $0.isASCIILetter || $0.isASCIIDigit }
    }

    /// Whether subtags have the order of `langtag` or `privateuse` (RFC 5646 §2.1).
    private static func isLanguageTag(_ subtags: ArraySlice<Subtag>) -> Bool {
        var rest = subtags
        /// Removes the first subtags that match, up to a maximum, and returns their number.
        func take(_ maximum: Int, where matches: (Subtag) -> Bool) -> Int {
            let count = rest.prefix(maximum).prefix(while: matches).count
            rest.removeFirst(count)
            return count
        }
        func isLetters(_ subtag: Subtag, _ count: Int) -> Bool {
            subtag.count == count && subtag.allSatisfy(\.isASCIILetter)
        }
        if rest.first?.elementsEqual("x".utf8) != true {
            guard let language = rest.popFirst(), language.count >= 2, language.allSatisfy(\.isASCIILetter) else {
                return false
            }
            if language.count <= 3 { _ = take(3) { isLetters($0, 3) } }
            _ = take(1) { isLetters($0, 4) }
            _ = take(1) { isLetters($0, 2) || $0.count == 3 && $0.allSatisfy(\.isASCIIDigit) }
            _ = take(.max) { $0.count >= 5 || $0.count == 4 && $0.first?.isASCIIDigit == true }
            while take(1, where: { $0.count == 1 && !$0.elementsEqual("x".utf8) }) == 1 {
                guard take(.max, where: { $0.count >= 2 }) > 0 else { return false }
            }
        }
        // Nothing is left, or `x` and at least one subtag.
        return rest.isEmpty || rest.count >= 2 && rest.first?.elementsEqual("x".utf8) == true
    }

    /// Joins subtags in lower case to a tag in canonical case (RFC 5646 §2.1.1): regions have capitals and scripts an
    /// initial one, except at the start and after a single-letter subtag.
    private static func canonical(_ subtags: [Subtag]) -> String {
        var isPlain = false
        var tag: [UInt8] = []
        for subtag in subtags {
            if !tag.isEmpty { tag.append(UInt8(ascii: "-")) }
            let capitals = !isPlain ? 0 : subtag.count == 2 ? 2 : subtag.count == 4 ? 1 : 0
            tag += subtag.prefix(capitals).map { $0.isASCIILetter ? $0 & ~0x20 : $0 }
            tag += subtag.dropFirst(capitals)
            isPlain = (tag.count == subtag.count || isPlain) && subtag.count > 1
        }
        return String(decoding: tag, as: UTF8.self)
    }
}
