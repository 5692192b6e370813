import Bytes
import MailQueue
import Net

/// The template of one kind of email: an HTML layout, a plain-text layout, the values in them, and the texts of each
/// language.
///
/// Layouts and texts are Mustache templates. Texts are plain text, and are escaped in the HTML layout.
struct MailTemplate: Sendable {
    /// All values of an email except its secrets, which differ in each email.
    struct Values: Sendable, Hashable {
        /// Names that the texts contain, by key. They can be in a script of another direction than the texts.
        var names: [String: String]
        /// Sections of the layouts, by key, and whether they are shown.
        var sections: [String: Bool]
        /// The names of the secrets that the email has.
        var secrets: Set<String>
        /// The time from the request to the expiry in whole minutes, of which the text `lifetime` is made.
        var lifetimeMinutes: Int
    }

    /// The rendered texts of an email, with slots for its secrets.
    struct Page: Sendable {
        /// The language of the texts.
        let language: Language
        let subject: String
        /// The subject in the form for its header field, encoded and folded.
        let subjectField: String
        let text: SlottedText
        let html: SlottedText
    }

    private let html: TextTemplate
    private let text: TextTemplate
    private let words: [Language: MailWords]
    /// The values that jobs give.
    let declared: TemplateValues
    /// The languages that the template has texts in.
    let languages: LanguageNegotiation

    /// Reads and checks a template.
    /// - Parameter name: the name of its folder. It has texts in English, whose keys the texts of the other languages
    ///   must have.
    /// - Throws: ``TemplateError`` for the first file that is not usable.
    init(_ name: String, from files: TemplateFiles) throws(TemplateError) {
        let html = try files.layout("html", of: name)
        let text = try files.layout("txt", of: name)
        self.html = try MailTemplate.mustache(html, startingWith: HTMLEscaping.pragma)
        self.text = try MailTemplate.mustache(text, startingWith: "{{% CONTENT_TYPE:TEXT}}\n")
        let keys = try files.keys(of: name)
        declared = try files.values(of: name).read { (bytes) throws(TemplateError.Reason) in
            try TemplateValues(parsing: bytes, keys: keys)
        }
        var words: [Language: MailWords] = [:]
        for (language, file) in try files.words(of: name).sorted(by: { $0.key.tag < $1.key.tag }) {
            words[language] = try file.read { (bytes) throws(TemplateError.Reason) in
                try MailWords(parsing: bytes, keys: keys)
            }
        }
        self.words = words
        languages = LanguageNegotiation(among: words.keys.sorted { $0.tag < $1.tag })
        for values in declared.samples {
            let page = page(in: .english, with: values)
            for secret in declared.secrets where values.secrets.contains(secret.name) {
                for (file, text) in [(html, page.html), (text, page.text)] where !text.holds(secret.name) {
                    throw TemplateError(
                        file: file.name,
                        reason: secret.kind == .secret ? .missingSecret(secret.name) : .missingSection(secret.name))
                }
            }
        }
    }

    private static func mustache(
        _ file: TemplateFiles.File, startingWith start: String
    ) throws(TemplateError) -> TextTemplate {
        guard let text = String(validating: file.bytes, as: UTF8.self) else {
            throw TemplateError(file: file.name, reason: .notUTF8)
        }
        do {
            return try TextTemplate(start + text)
        } catch {
            throw TemplateError(file: file.name, reason: .notMustache("\(error)"))
        }
    }

    /// Renders the texts of an email.
    ///
    /// They are in the given language or its closest parent (`pt` for `pt-BR`), or else in English.
    func page(in language: Language, with values: Values) -> Page {
        let marks = Dictionary(uniqueKeysWithValues: values.secrets.map { ($0, SlottedText.mark($0)) })
        let texts = texts(in: language, with: values, secrets: marks)
        let slots = declared.secrets.map(\.name)
        return Page(
            language: texts.language, subject: texts.subject, subjectField: headerText(texts.subject, startingAt: 9),
            text: SlottedText(texts.text, slots: slots), html: SlottedText(texts.html, slots: slots))
    }

    /// Renders the texts of an email with the given secrets.
    func texts(
        in language: Language, with values: Values, secrets: [String: String]
    ) -> (language: Language, subject: String, text: String, html: String) {
        let language = languages.lookup(language) ?? languages.fallback
        let sentences =
            words[language]?.sentences(names: values.names, lifetimeMinutes: values.lifetimeMinutes) ?? [:]
        var context: [String: Any] = sentences
        context.merge(values.names) { $1 }
        context.merge(values.sections) { $1 }
        context.merge(secrets) { $1 }
        context["language"] = language.tag
        let subject = withoutControlCharacters(sentences["subject"] ?? "")
        return (language, subject, text.render(context), html.render(context))
    }
}

extension TemplateValues {
    /// Values of emails that differ in their parts, the flags, optional texts and optional secrets: with each combination
    /// of up to six parts; of more, with all, with none, with all but one, and with one alone. A secret must be in each
    /// email that has it, not only in a section of another part.
    fileprivate var samples: [MailTemplate.Values] {
        let parts = values.filter { $0.kind != .text }.map(\.name) + secrets.filter { $0.kind != .secret }.map(\.name)
        guard parts.count > 6 else {
            return (0..<(1 << parts.count)).map { bits in
                sample(with: Set(parts.indices.filter { bits >> $0 & 1 == 1 }.map { parts[$0] }))
            }
        }
        let all = Set(parts)
        var variants: [Set<String>] = [all, []]
        for part in parts { variants += [all.subtracting([part]), [part]] }
        return variants.map(sample)
    }

    private func sample(with parts: Set<String>) -> MailTemplate.Values {
        let texts = values.filter { $0.kind == .text || $0.kind != .flag && parts.contains($0.name) }
        return MailTemplate.Values(
            names: Dictionary(uniqueKeysWithValues: texts.map { ($0.name, "x") }).merging(["product": "x"]) { $1 },
            sections: Dictionary(
                uniqueKeysWithValues: values.filter { $0.kind == .flag }.map { ($0.name, parts.contains($0.name)) }),
            secrets: Set(secrets.filter { $0.kind == .secret || parts.contains($0.name) }.map(\.name)),
            lifetimeMinutes: 15)
    }
}
