import Bytes
import Mustache
import Net

/// The template of one kind of email: an HTML layout, a plain-text layout, and the texts of each language.
///
/// Layouts and texts are Mustache templates. Texts are plain text, and are escaped in the HTML layout.
struct MailTemplate: Sendable {
    /// All values of an email except its link and code, which differ in each email.
    struct Values {
        /// Names that the texts contain, by key. They can be in a script of another direction than the texts.
        var names: [String: String]
        /// The time from the request to the expiry, as the text `lifetime`.
        var lifetime: Duration
        /// Sections of the layouts, by key, and whether they are shown.
        var sections: [String: Bool]
        /// Whether the email contains a code.
        var hasCode: Bool
    }

    /// The rendered texts of an email, in which link and code are inserted.
    struct Page: Sendable {
        /// The language of the texts.
        let language: Language
        let subject: String
        /// The subject in the form for its header field, encoded and folded.
        let subjectField: String
        let text: LinkedText
        let html: LinkedText
    }

    private let html: MustacheTemplate
    private let text: MustacheTemplate
    private let words: [Language: MailWords]
    /// The languages that the template has texts in.
    let languages: LanguageNegotiation

    /// Reads and checks a template.
    /// - Parameters:
    ///   - name: the name of its folder. It has built-in layouts, and built-in texts in English, whose keys the texts of
    ///     the other languages must have.
    ///   - sample: values with which each layout contains the link, and the code if they have one.
    /// - Throws: ``TemplateError`` for the first file that is not usable.
    init(_ name: String, from files: TemplateFiles, checkedWith sample: Values) throws(TemplateError) {
        let html = try files.layout("html", of: name)
        let text = try files.layout("txt", of: name)
        self.html = try MailTemplate.mustache(html, startingWith: HTMLEscaping.pragma)
        self.text = try MailTemplate.mustache(text, startingWith: "{{% CONTENT_TYPE:TEXT}}\n")
        let keys = TemplateFiles.keys(of: name)
        var words: [Language: MailWords] = [:]
        for (language, file) in try files.words(of: name).sorted(by: { $0.key.tag < $1.key.tag }) {
            do throws(TemplateError.Reason) {
                words[language] = try MailWords(parsing: file.bytes, keys: keys)
            } catch {
                throw TemplateError(file: file.name, reason: error)
            }
        }
        self.words = words
        languages = LanguageNegotiation(among: words.keys.sorted { $0.tag < $1.tag })
        let page = page(in: .english, with: sample)
        guard page.html.holdsLink else { throw TemplateError(file: html.name, reason: .missingLink) }
        guard page.text.holdsLink else { throw TemplateError(file: text.name, reason: .missingLink) }
        guard sample.hasCode else { return }
        guard page.html.holdsCode else { throw TemplateError(file: html.name, reason: .missingCode) }
        guard page.text.holdsCode else { throw TemplateError(file: text.name, reason: .missingCode) }
    }

    private static func mustache(
        _ file: TemplateFiles.File, startingWith start: String
    ) throws(TemplateError) -> MustacheTemplate {
        guard let text = String(validating: file.bytes, as: UTF8.self) else {
            throw TemplateError(file: file.name, reason: .notUTF8)
        }
        do {
            return try MustacheTemplate(string: start + text)
        } catch {
            throw TemplateError(file: file.name, reason: .notMustache("\(error)"))
        }
    }

    /// Renders the texts of an email.
    ///
    /// They are in the given language or its closest parent (`pt` for `pt-BR`), or else in English.
    func page(in language: Language, with values: Values) -> Page {
        let language = languages.lookup(language) ?? languages.fallback
        let sentences = words[language]?.sentences(names: values.names, lifetime: values.lifetime) ?? [:]
        var context: [String: Any] = sentences
        context.merge(values.names) { $1 }
        context.merge(values.sections) { $1 }
        context["language"] = language.tag
        context["link"] = LinkedText.mark
        if values.hasCode { context["code"] = LinkedText.codeMark }
        let subject = withoutControlCharacters(sentences["subject"] ?? "")
        return Page(
            language: language, subject: subject, subjectField: headerText(subject, startingAt: 9),
            text: LinkedText(text.render(context)), html: LinkedText(html.render(context)))
    }
}
