import Bytes

/// Chooses one of the available languages by what a person prefers, by *lookup* (RFC 4647 §3.4).
package struct LanguageNegotiation: Sendable {
    /// The available languages, the default included.
    package let available: [Language]
    /// The language if no other is preferred.
    package let fallback: Language

    /// The available languages by the ranges in lower case that select them: their tags, and equivalents.
    private let languages: [String: Language]

    /// Ranges that select a language with another tag, unless a language with their own tag is available. Regions imply
    /// a script of Chinese, and `iw` is the former code of Hebrew.
    private static let equivalents: KeyValuePairs = [
        "zh": "zh-hans", "zh-cn": "zh-hans", "zh-sg": "zh-hans", "zh-tw": "zh-hant", "zh-hk": "zh-hant",
        "zh-mo": "zh-hant", "iw": "he",
    ]

    /// - Parameters:
    ///   - available: the languages to choose from. Their order matters only to requests that refuse the default.
    ///   - fallback: the default, which is available even if it is not listed.
    package init(among available: [Language], fallback: Language = .english) {
        self.available = available.contains(fallback) ? available : available + [fallback]
        self.fallback = fallback
        var languages: [String: Language] = [:]
        for language in self.available { languages[language.tag.lowercased()] = language }
        for (range, tag) in LanguageNegotiation.equivalents where languages[range] == nil {
            languages[range] = languages[tag]
        }
        self.languages = languages
    }

    /// Returns the available language that is closest to a language: itself, or the longest beginning of its tag that
    /// is available (`pt` for `pt-BR`); `nil` if there is none.
    package func lookup(_ language: Language) -> Language? {
        match(language.tag.lowercased())?.language
    }

    /// Returns the language that a person prefers, by the `Accept-Language` of their request (RFC 9110 §12.5.4).
    ///
    /// - Ranges are tried in the order of their weights, and of their appearance among equal weights. Each is shortened
    ///   from its end until a language matches: `zh-Hant-TW`, `zh-Hant`, `zh`.
    /// - `*` stands for the default, and counts only if no other range matches.
    /// - A weight of 0 excludes a language. `de;q=0` also excludes its regions, unless they are named. If `*` is
    ///   accepted and the default is excluded, the first language that is not excluded is chosen.
    /// - Malformed items are ignored, one by one, and so is everything after the first 32 items. `de_DE` is read as
    ///   `de-DE`.
    ///
    /// If no range matches, the default is chosen even if it is excluded.
    /// - Parameter acceptLanguage: the field's value; `nil` if it is missing.
    package func language(preferredBy acceptLanguage: String?) -> Language {
        guard var field = acceptLanguage else { return fallback }
        return field.withUTF8 { field in
            var best: (language: Language, weight: Int)?
            for range in LanguageRanges(field) {
                // Few requests exclude a language. They need all ranges at once.
                guard range.weight > 0 else { return language(preferredBy: Array(LanguageRanges(field))) }
                if range.weight > best?.weight ?? 0, let match = match(range.text) {
                    best = (match.language, range.weight)
                }
            }
            return best?.language ?? fallback
        }
    }

    /// Returns the language preferred by ranges of which some have a weight of 0.
    private func language(preferredBy ranges: [LanguageRange]) -> Language {
        let excluded = ranges.filter { $0.weight == 0 }.map(\.text)
        var best: (language: Language, weight: Int)?
        for range in ranges where range.weight > best?.weight ?? 0 {
            guard let match = match(range.text), !excluded.contains(where: { excludes($0, match) }) else { continue }
            best = (match.language, range.weight)
        }
        if let best { return best.language }
        guard ranges.contains(where: { $0.text == "*" && $0.weight > 0 }) else { return fallback }
        return ([fallback] + available).first { language in
            let tag = language.tag.lowercased()
            return !excluded.contains { tag == $0 || tag.hasPrefix($0 + "-") || languages[$0] == language }
        } ?? fallback
    }

    /// Whether an excluded range forbids a match. A match by more subtags than the range has is named by another range.
    private func excludes(_ range: String, _ match: Match) -> Bool {
        func subtagCount(_ text: Substring) -> Int { text.utf8.count { $0 == UInt8(ascii: "-") } }
        return range == match.range
            || languages[range] == match.language && subtagCount(range[...]) >= subtagCount(match.range)
    }

    // MARK: - Lookup

    /// An available language, and the range that selected it, after shortening.
    private struct Match {
        let range: Substring
        let language: Language
    }

    /// Returns the language that a range in lower case selects; `nil` if there is none.
    private func match(_ range: String) -> Match? {
        var range = range[...]
        while true {
            if let language = languages[String(range)] { return Match(range: range, language: language) }
            guard let shorter = shortened(range) else { return nil }
            range = shorter
        }
    }

    /// Returns a range without its last subtag, and without the single letter before it (RFC 4647 §3.4); `nil` if only
    /// one subtag is left.
    private func shortened(_ range: Substring) -> Substring? {
        let hyphen = UInt8(ascii: "-")
        guard let end = range.utf8.lastIndex(of: hyphen) else { return nil }
        let rest = range[..<end]
        guard let start = rest.utf8.lastIndex(of: hyphen), rest.utf8.distance(from: start, to: end) == 2 else {
            return rest
        }
        return rest[..<start]
    }
}
