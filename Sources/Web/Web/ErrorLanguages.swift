import Net
import Synchronization

/// The languages of errors: English, and those that have words. Nothing is read before the first error that needs it.
package final class ErrorLanguages: Sendable {
    private struct State {
        /// `nil` until it is needed.
        var negotiation: LanguageNegotiation?
        /// The words that have been read.
        var words: [Language: ErrorWords] = [:]
        /// The words by values of `Accept-Language`, of which most browsers send one of few. `nil` is English.
        var choices: [String: ErrorWords?] = [:]
    }

    /// The number of choices that are kept, and the maximum length of the field's value for one.
    private static let (maximumChoiceCount, maximumFieldByteCount) = (64, 128)

    private let folders: [ErrorWordsFolder]
    private let state = Mutex(State())

    /// - Parameter folders: the words of the program's features. Those of this module are added.
    package init(_ folders: [ErrorWordsFolder]) {
        self.folders = [.web] + folders
    }

    /// Returns the words of the language that a person prefers, by the `Accept-Language` of their request; `nil` for
    /// English.
    package func words(preferredBy acceptLanguage: String?) -> ErrorWords? {
        guard let acceptLanguage else { return nil }
        return state.withLock { state in
            if let choice = state.choices[acceptLanguage] { return choice }
            let words = choose(by: acceptLanguage, &state)
            guard acceptLanguage.utf8.count <= ErrorLanguages.maximumFieldByteCount else { return words }
            if state.choices.count == ErrorLanguages.maximumChoiceCount { state.choices.removeAll() }
            state.choices[acceptLanguage] = .some(words)
            return words
        }
    }

    private func choose(by acceptLanguage: String, _ state: inout State) -> ErrorWords? {
        let negotiation = state.negotiation ?? LanguageNegotiation(among: languages)
        state.negotiation = negotiation
        let language = negotiation.language(preferredBy: acceptLanguage)
        guard language != .english else { return nil }
        if let words = state.words[language] { return words }
        let words = ErrorWords(in: language, parsing: folders.compactMap { $0[language] })
        state.words[language] = words
        return words
    }

    /// The languages that have words, without repetitions.
    private var languages: [Language] {
        folders.flatMap(\.languages).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}
