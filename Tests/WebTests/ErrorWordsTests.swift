import Bytes
import Foundation
import Net
import Testing

@testable import Web

@Suite
struct ErrorWordsTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Sources/Web/Web/Words")

    /// A file of words in the repository, read with another parser than the program's.
    private static func file(_ language: Language) throws -> [String: String] {
        let file = folder.appendingPathComponent("\(language.tag).json")
        return try #require(JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: String])
    }

    /// One issue for each rule of ``Schema``.
    private static let issues: [Web.Issue] = {
        let schema = object(
            field("missing", string()), field("type", boolean()), field("length", string().max(1)),
            field("email", string().email()), field("local", Schema.emailAddress), field("url", string().url()))
        let local = String(repeating: "a", count: 65) + "@example.com"
        let value: JSONObject = [
            "type": .string(""), "length": .string("ab"), "email": .string(""), "local": .string(local),
            "url": .string(""),
        ]
        do throws(ValidationError) {
            _ = try schema.parse(.object(value))
            return []
        } catch {
            return error.issues
        }
    }()

    /// Every error of this module.
    private static let errors: [HTTPError] =
        HTTPErrorTests.cases.map(\.error) + [
            .invalidJSON(.empty), .origin(.notAllowed(.body, nil)), .origin(.notAllowed(.header, nil)),
            .invalid(ValidationError(issues: issues)),
        ]

    /// The errors whose sentences are for people.
    private static var translated: [HTTPError] { errors.filter(\.message.isTranslated) }

    private static let sentences = Dictionary(
        translated.flatMap { [$0.message] + $0.issues.map(\.message) }.map { ($0.pattern, $0) },
        uniquingKeysWith: { first, _ in first })

    /// The numbers in the placeholders of a pattern.
    private static func placeholders(of pattern: String) -> [String] {
        pattern.split(separator: "{").dropFirst(pattern.hasPrefix("{") ? 0 : 1).map { String($0.prefix { $0 != "}" }) }
            .sorted()
    }

    @Test("there are words for 14 languages beside English")
    func languages() {
        #expect(
            ErrorWordsFolder.web.languages.map(\.tag) == [
                "ar", "de", "es", "fr", "he", "it", "ja", "ko", "nl", "pl", "pt", "tr", "zh-Hans", "zh-Hant",
            ])
    }

    @Test(
        "every language has every sentence and no other, with its placeholders",
        arguments: ErrorWordsFolder.web.languages)
    func complete(language: Language) throws {
        var texts = try ErrorWordsTests.file(language)
        #expect(texts.removeValue(forKey: "direction") == (["ar", "he"].contains(language.tag) ? "rtl" : "ltr"))
        #expect(Set(texts.keys) == Set(ErrorWordsTests.sentences.keys))
        for (pattern, text) in texts {
            // For people, a value that is missing is missing, whatever its type.
            let isShorter = pattern.hasSuffix("received undefined")
            #expect(
                ErrorWordsTests.placeholders(of: text) == (isShorter ? [] : ErrorWordsTests.placeholders(of: pattern)),
                "\(pattern)")
            #expect(text != pattern)
            #expect(!text.isEmpty && text == text.trimmingCharacters(in: .whitespacesAndNewlines), "\(pattern)")
            #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }, "\(pattern)")
            #expect(!text.contains("'") && !text.contains("\"") && !text.hasSuffix("."), "\(pattern)")
        }
    }

    @Test("every error is answered in every language, with the same code", arguments: ErrorWordsFolder.web.languages)
    func answered(language: Language) throws {
        let words = try #require(ErrorLanguages([]).words(preferredBy: language.tag))
        for error in ErrorWordsTests.translated {
            let (english, response) = (error.response(), error.response(in: words))
            #expect(response.fields[.contentLanguage] == language.tag)
            #expect(response.status == english.status)
            let object = try #require(JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
            let message = try #require(object["error"] as? String)
            #expect(message == words.text(of: error.message))
            #expect(!message.contains("{"))
            #expect(object["code"] as? String == error.code.rawValue)
            let issues = object["issues"] as? [[String: String]] ?? []
            #expect(issues.map { $0["message"] } == error.issues.map { words.text(of: $0.message) })
            let fields = object["fieldErrors"] as? [String: String] ?? [:]
            for issue in issues.reversed() {
                let path = try #require(issue["path"])
                #expect(fields[path] == issues.first { $0["path"] == path }?["message"])
            }
            #expect(fields.isEmpty == issues.isEmpty)
        }
    }

    /// Texts that were written by hand, not read from the files.
    static let texts: [(String, HTTPError, String)] = [
        (
            "de", .rateLimited(retryAfter: .seconds(7)),
            #"""
            {"error":"Zu viele Anfragen: Bitte versuchen Sie es in 7\#u{A0}Sekunden noch einmal","code":"rate_limited",\#
            "retryAfter":7}
            """#
        ),
        (
            "ar", .rateLimited(retryAfter: .seconds(7)),
            #"""
            {"error":"عدد الطلبات كبير جدًا: أعِد المحاولة بعد \#u{2068}7\#u{2069}\#u{A0}ث","code":"rate_limited","retryAfter":7}
            """#
        ),
        (
            "he", .origin(.notAllowed(.origin, nil)),
            #"{"error":"הערך של הכותרת \#u{2068}Origin\#u{2069} אינו מקור מורשה","code":"origin_not_allowed"}"#
        ),
        ("zh-Hant", .notFound, #"{"error":"這個路徑沒有任何內容","code":"not_found"}"#),
        (
            "pl", .invalid(ValidationError(issues: [Web.Issue(path: "email", code: .tooBig, message: tooBig(254))])),
            #"""
            {"error":"Nieprawidłowe żądanie","code":"validation_error",\#
            "fieldErrors":{"email":"Zbyt długie: maksymalna liczba znaków to 254"},\#
            "issues":[{"path":"email","message":"Zbyt długie: maksymalna liczba znaków to 254","code":"too_big"}]}
            """#
        ),
    ]

    private static func tooBig(_ length: Int) -> Sentence {
        "Too big: expected string to have <=\(length) characters"
    }

    @Test("an error in another language is JSON in UTF-8", arguments: texts)
    func text(language: String, error: HTTPError, body: String) {
        let response = error.response(in: ErrorLanguages([]).words(preferredBy: language))
        #expect(String(decoding: response.body, as: UTF8.self) == body)
        #expect(response.fields[.contentLanguage] == language)
    }

    @Test(
        "an error for developers is English in every language",
        arguments: [
            HTTPError.badRequest, .notJSON, .notForm, .invalidJSON(.malformed(offset: 3)), .methodNotAllowed("GET"),
            .origin(.notAllowed(.origin, .originScheme)), .origin(.notAllowed(.body, .originPort)),
        ])
    func developers(error: HTTPError) {
        let response = error.response(in: ErrorLanguages([]).words(preferredBy: "de"))
        #expect(response.body == error.response().body)
        #expect(response.fields[.contentLanguage] == "en")
    }

    @Test("an error is English as a whole if one of its sentences has no translation")
    func mixed() {
        let issue = Web.Issue(path: "a", code: .custom, message: .english("Must be S256"))
        let error = HTTPError.invalid(ValidationError(issues: ErrorWordsTests.issues + [issue]))
        let response = error.response(in: ErrorLanguages([]).words(preferredBy: "de"))
        #expect(response.body == error.response().body)
        #expect(response.fields[.contentLanguage] == "en")
    }

    @Test("an error without words is English")
    func unknown() {
        let response = HTTPError(.badRequest, "No words").response(in: ErrorLanguages([]).words(preferredBy: "de"))
        #expect(response.fields[.contentLanguage] == "en")
    }
}
