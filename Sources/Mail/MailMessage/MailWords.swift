import Bytes

/// The texts of one language, each a Mustache template.
struct MailWords: Sendable {
    private let templates: [String: TextTemplate]
    private let isRightToLeft: Bool

    /// Reads a file of texts: a JSON object with a non-empty string for each key. `direction` is `ltr` or `rtl`.
    /// - Parameter keys: the keys that it must have.
    /// - Throws: `notJSON` if it is not a JSON object, `missingText` if a text is missing, empty or not a string,
    ///   `notMustache` if a text is not a Mustache template, and `wrongDirection` if `direction` is not `ltr` or `rtl`.
    init(parsing bytes: [UInt8], keys: [String]) throws(TemplateError.Reason) {
        let members = try JSONObject(template: bytes)
        var templates: [String: TextTemplate] = [:]
        for key in keys {
            guard case .string(let text)? = members[key], !text.isEmpty else { throw .missingText(key: key) }
            do {
                templates[key] = try TextTemplate("{{% CONTENT_TYPE:TEXT}}" + text)
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
    ///   - lifetimeMinutes: the value of the placeholder `lifetime`, in whole minutes, at least 1.
    func sentences(names: [String: String], lifetimeMinutes: Int) -> [String: String] {
        var values = names.mapValues(isolated)
        values["lifetime"] = words(forMinutes: lifetimeMinutes)
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

    /// Returns a duration as text: in days if the language has words for them and it is a whole number of days or at least
    /// two, rounded down; otherwise in hours if it is a whole number of hours, and else in minutes.
    private func words(forMinutes minutes: Int) -> String {
        let (hour, day) = (60, 24 * 60)
        let isInDays = templates["days"] != nil && (minutes.isMultiple(of: day) || minutes >= 2 * day)
        let (unit, count) =
            if isInDays { ("day", minutes / day) } else if minutes.isMultiple(of: hour) {
                ("hour", minutes / hour)
            } else {
                ("minute", minutes)
            }
        return templates[count == 1 ? unit : unit + "s"]?.render(["count": count]) ?? ""
    }
}
