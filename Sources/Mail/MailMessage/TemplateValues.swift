import Bytes
import MailQueue

/// The values that a template has, as its file `layout.values.json` declares them: an object with the kind of each.
struct TemplateValues: Sendable {
    /// The kind of a value.
    enum Kind: String, Sendable {
        /// A text that every job gives.
        case text
        /// A text that a job may give.
        case optionalText = "optional text"
        /// A choice to show a section; `false` if a job does not give it.
        case flag
        /// A secret that every job gives. It has a slot in the text.
        case secret
        /// A secret that a job may give.
        case optionalSecret = "optional secret"

        var isSecret: Bool { self == .secret || self == .optionalSecret }
        var isText: Bool { self == .text || self == .optionalText }
    }

    /// A value's name and kind.
    struct Declaration: Sendable {
        let name: String
        let kind: Kind
    }

    /// The values that every template has, which no template declares.
    static let common = ["product", "lifetime", "language"]

    /// The declarations of texts and flags, in order.
    let values: [Declaration]
    /// The declarations of secrets, in order.
    let secrets: [Declaration]

    /// Reads a file of declarations.
    /// - Parameter keys: the keys of the template's texts, which no value can have.
    /// - Throws: `notJSON` if it is not a JSON object, and `wrongValue` if a declaration is not valid.
    init(parsing bytes: [UInt8], keys: [String]) throws(TemplateError.Reason) {
        let members = try JSONObject(template: bytes).members
        var declarations: [Declaration] = []
        for member in members {
            guard case .string(let text) = member.value, let kind = Kind(rawValue: text),
                MailJob.isValueName(member.name), !keys.contains(member.name),
                !TemplateValues.common.contains(member.name), !declarations.contains(where: { $0.name == member.name })
            else { throw .wrongValue(member.name) }
            declarations.append(Declaration(name: member.name, kind: kind))
        }
        values = declarations.filter { !$0.kind.isSecret }
        secrets = declarations.filter(\.kind.isSecret)
    }
}

extension JSONObject {
    /// Reads a template's JSON file.
    /// - Throws: `notJSON` if it is not a JSON object.
    init(template bytes: [UInt8]) throws(TemplateError.Reason) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            let place = if case .malformed(let offset) = error { "byte \(offset)" } else { "its start" }
            throw .notJSON(place)
        }
        guard case .object(let members) = value else { throw .notJSON("its start") }
        self = members
    }
}
