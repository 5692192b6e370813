import Bytes
import Net

/// The sentences of the confirmation page, in one language.
struct ConfirmationWords: Sendable {
    /// The key of a sentence in the JSON files of `Words`.
    enum Key: String, CaseIterable {
        case openTitle, openText, openAction, openNote, usedTitle, usedText, expiredTitle, expiredText, supersededTitle,
            supersededText, unknownTitle, unknownText, againAction, sentTitle, sentText, limitedTitle, limitedText,
            unavailableTitle, unavailableText, retryAction, portalLink
    }

    private let texts: [String: String]

    /// - Parameter bytes: a JSON object with a string for each key. A sentence without a string is empty.
    init(parsing bytes: [UInt8]) {
        var texts: [String: String] = [:]
        if case .object(let members)? = try? JSONValue(parsing: bytes) {
            for key in Key.allCases {
                if case .string(let text)? = members[key.rawValue] { texts[key.rawValue] = text }
            }
        }
        self.texts = texts
    }

    /// A sentence with its placeholders filled in: `{portal}`, `{address}` and `{seconds}`. A placeholder without a
    /// value becomes empty.
    func sentence(_ key: Key, _ values: [String: String] = [:]) -> String {
        let parts = (texts[key.rawValue] ?? "").split(separator: "{", omittingEmptySubsequences: false)
        return parts.dropFirst().reduce(into: String(parts[0])) { sentence, part in
            let halves = part.split(separator: "}", maxSplits: 1, omittingEmptySubsequences: false)
            sentence += values[String(halves[0])] ?? ""
            sentence += halves.count == 2 ? String(halves[1]) : ""
        }
    }

    /// The built-in sentences of all languages.
    static let all: [Language: ConfirmationWords] = [
        .english: ConfirmationWords(parsing: PackageResources.en_json),
        .german: ConfirmationWords(parsing: PackageResources.de_json),
        .spanish: ConfirmationWords(parsing: PackageResources.es_json),
        .french: ConfirmationWords(parsing: PackageResources.fr_json),
        .korean: ConfirmationWords(parsing: PackageResources.ko_json),
        .japanese: ConfirmationWords(parsing: PackageResources.ja_json),
    ]
}
