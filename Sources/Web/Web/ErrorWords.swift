import Bytes
import Net

/// The sentences of errors in one language, other than English.
package struct ErrorWords: Sendable {
    package let language: Language
    /// Whether the language is written from right to left.
    private let isRightToLeft: Bool
    /// The translations, by the patterns of the English sentences.
    private let patterns: [String: String]

    /// - Parameter files: JSON objects with a string for each English pattern, and with the `direction`, which is `ltr`
    ///   or `rtl`.
    init(in language: Language, parsing files: [[UInt8]]) {
        var patterns: [String: String] = [:]
        var isRightToLeft = false
        for file in files {
            guard case .object(let object)? = try? JSONValue(parsing: file) else { continue }
            for member in object.members {
                guard case .string(let text) = member.value else { continue }
                if member.name == "direction" { isRightToLeft = text == "rtl" } else { patterns[member.name] = text }
            }
        }
        self.language = language
        self.isRightToLeft = isRightToLeft
        self.patterns = patterns
    }

    /// A sentence in this language; `nil` if it is not translated.
    func text(of sentence: Sentence) -> String? {
        guard sentence.isTranslated, let pattern = patterns[sentence.pattern] else { return nil }
        return sentence.text(by: pattern, isRightToLeft: isRightToLeft)
    }
}

/// The words of a module's errors: a JSON file for each language, named after its BCP 47 tag. ``ErrorWords`` reads them.
package struct ErrorWordsFolder: Sendable {
    private let files: [String: StaticString]
    private let path: String

    /// - Parameters:
    ///   - files: the embedded files of the module, by their paths.
    ///   - path: the folder's path, which ends in `/`.
    package init(_ files: [String: StaticString], in path: String) {
        self.files = files
        self.path = path
    }

    /// The words of this module.
    static let web = ErrorWordsFolder(EmbeddedFiles.all, in: "Words/")

    /// The languages that have a file, in the order of their tags.
    package var languages: [Language] {
        files.keys.filter { $0.hasPrefix(path) }.sorted().map { file in
            let tag = file.dropFirst(path.count).dropLast(".json".count)
            return try! Language(parsing: String(tag))  // The name of a built-in file. The tests read each of them.
        }
    }

    /// The text of a language's file; `nil` if it has none.
    package subscript(language: Language) -> [UInt8]? {
        files["\(path)\(language.tag).json"]?.withUTF8Buffer(Array.init)
    }
}
