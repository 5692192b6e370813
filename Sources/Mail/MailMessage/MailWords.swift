import Bytes
import Mustache

/// The texts of one language, each a Mustache template.
struct MailWords: Sendable {
    private let templates: [String: MustacheTemplate]
    private let isRightToLeft: Bool

    /// Reads a file of texts: a JSON object with a non-empty string for each key. `direction` is `ltr` or `rtl`.
    /// - Parameter keys: the keys that it must have.
    /// - Throws: `notJSON` if it is not a JSON object, `missingText` if a text is missing, empty or not a string,
    ///   `notMustache` if a text is not a Mustache template, and `wrongDirection` if `direction` is not `ltr` or `rtl`.
    init(parsing bytes: [UInt8], keys: [String]) throws(TemplateError.Reason) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            let place = if case .malformed(let offset) = error { "byte \(offset)" } else { "its start" }
            throw .notJSON(place)
        }
        guard case .object(let members) = value else { throw .notJSON("its start") }
        var templates: [String: MustacheTemplate] = [:]
        for key in keys {
            guard case .string(let text)? = members[key], !text.isEmpty else { throw .missingText(key: key) }
            do {
                templates[key] = try MustacheTemplate(string: "{{% CONTENT_TYPE:TEXT}}" + text)
            } catch {
                throw .notMustache("\(key): \(error)")
            }
        }
        guard ["ltr", "rtl"].contains(where: { members["direction"] == .string($0) }) else {
            throw .wrongDirection
        }
        self.templates = templates
        isRightToLeft = members["direction"] == .string("rtl")
    }

    /// Renders the texts of an email, by key.
    /// - Parameters:
    ///   - names: values of placeholders, by key.
    ///   - lifetime: the value of the placeholder `lifetime`.
    func sentences(names: [String: String], lifetime: Duration) -> [String: String] {
        var values = names.mapValues(isolated)
        values["lifetime"] = words(for: lifetime)
        return templates.mapValues { $0.render(values) }
    }

    /// Encloses a name in the isolates U+2068 and U+2069 if it, or the text around it, is written from right to left.
    /// This keeps the name from changing the order of the surrounding text (UAX #9).
    private func isolated(_ name: String) -> String {
        isRightToLeft || name.unicodeScalars.contains(where: MailWords.isRightToLeft) ? "\u{2068}\(name)\u{2069}" : name
    }

    /// Whether a scalar is in a block of a right-to-left script, such as Hebrew or Arabic, or changes the direction.
    private static func isRightToLeft(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0590...0x08FF, 0x200F, 0x202A...0x202E, 0xFB1D...0xFDFF, 0xFE70...0xFEFF, 0x10800...0x10FFF,
            0x1E800...0x1EFFF:
            true
        default: false
        }
    }

    /// Returns a duration as text: in hours if it is a whole number of hours, otherwise in minutes, rounded down, at
    /// least 1.
    private func words(for duration: Duration) -> String {
        let minutes = max(1, Int(duration.components.seconds) / 60)
        let (key, count) =
            switch minutes {
            case 1: ("minute", 1)
            case 60: ("hour", 1)
            case let minutes where minutes.isMultiple(of: 60): ("hours", minutes / 60)
            default: ("minutes", minutes)
            }
        return templates[key]?.render(["count": count]) ?? ""
    }
}
