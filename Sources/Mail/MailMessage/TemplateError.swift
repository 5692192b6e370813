/// An error for a template that is not usable. It names the file and the reason.
package struct TemplateError: Error, Equatable, CustomStringConvertible {
    enum Reason: Error, Equatable {
        case notAFolder
        case unreadable
        case notALanguage
        case sameLanguage(as: String)
        case notUTF8
        case notJSON(String)
        case missingText(key: String)
        case wrongDirection
        case notMustache(String)
        case missingSecret(String)
        case missingSection(String)
        case wrongValue(String)
    }

    let file: String
    let reason: Reason

    package var description: String {
        switch reason {
        case .notAFolder: "\(file) is not a readable folder"
        case .unreadable: "\(file) cannot be read"
        case .notALanguage: "\(file) has a name that is not a BCP 47 language tag, such as pt-BR.json"
        case .sameLanguage(let other): "\(file) is for the same language as \(other)"
        case .notUTF8: "\(file) is not UTF-8"
        case .notJSON(let detail): "\(file) is not a JSON object of strings: check \(detail)"
        case .missingText(let key): "\(file) has no text for \"\(key)\""
        case .wrongDirection: "\(file) has a \"direction\" other than ltr or rtl"
        case .missingSecret(let name): "\(file) has no {{\(name)}}"
        case .missingSection(let name): "\(file) has no {{#\(name)}} section that contains {{\(name)}}"
        case .wrongValue(let name):
            "\(file) declares \"\(name)\", which is the key of a text, or not text, flag, secret or optional"
        case .notMustache(let detail): "\(file) is not a Mustache template: \(detail)"
        }
    }
}
