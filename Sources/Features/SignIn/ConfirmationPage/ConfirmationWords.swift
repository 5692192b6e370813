import Bytes
import Net
import Web

/// The sentences of the confirmation page, in one language.
struct ConfirmationWords: Sendable {
    /// The key of a sentence in the JSON files of `Words`.
    enum Key: String, CaseIterable {
        case openTitle, openText, openAction, openNote, usedTitle, usedText, expiredTitle, expiredText, supersededTitle,
            supersededText, unknownTitle, unknownText, againAction, continueTitle, continueText, continueAction,
            continueNote, askText, sentTitle, sentText, limitedTitle, limitedText,
            unavailableTitle, unavailableText, retryAction, portalLink
    }

    private let texts: [String: String]
    /// Whether the language is written from right to left.
    let isRightToLeft: Bool

    /// - Parameter bytes: a JSON object with a string for each key, and with the `direction`, which is `ltr` or `rtl`.
    ///   A sentence without a string is empty.
    init(parsing bytes: [UInt8]) {
        var texts: [String: String] = [:]
        var isRightToLeft = false
        if case .object(let members)? = try? JSONValue(parsing: bytes) {
            for key in Key.allCases {
                if case .string(let text)? = members[key.rawValue] { texts[key.rawValue] = text }
            }
            isRightToLeft = members["direction"] == .string("rtl")
        }
        self.texts = texts
        self.isRightToLeft = isRightToLeft
    }

    /// A sentence with its placeholders filled in: `{portal}`, `{address}` and `{seconds}`. A placeholder without a
    /// value becomes empty. Where the language is written from right to left, values are isolated.
    func sentence(_ key: Key, _ values: [String: String] = [:]) -> String {
        filled(texts[key.rawValue] ?? "", isRightToLeft: isRightToLeft) { values[String($0)] }
    }

    // MARK: - Languages

    private static let folder = "ConfirmationPage/Words/"

    /// The languages that have sentences, in the order of their tags.
    static let builtInLanguages: [Language] = EmbeddedFiles.all.keys.filter { $0.hasPrefix(folder) }.sorted()
        .map { path in
            let tag = path.dropFirst(folder.count).dropLast(".json".count)
            return try! Language(parsing: String(tag))  // The name of a built-in file. The tests read each of them.
        }

    /// Chooses the language of a page.
    static let languages = LanguageNegotiation(among: builtInLanguages)

    /// The built-in sentences, by language.
    static let all: [Language: ConfirmationWords] = Dictionary(
        uniqueKeysWithValues: builtInLanguages.map { language in
            let text = EmbeddedFiles.all["\(folder)\(language.tag).json"]
            return (language, ConfirmationWords(parsing: text?.withUTF8Buffer(Array.init) ?? []))
        })
}
