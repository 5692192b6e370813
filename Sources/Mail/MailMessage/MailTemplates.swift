import Net

/// The templates of all kinds of email, by name.
package final class MailTemplates: Sendable {
    private let templates: [String: MailTemplate]

    /// The built-in templates.
    package static let builtIn: MailTemplates = {
        try! MailTemplates(folder: nil)  // They are compiled into the program, and the tests render each of them.
    }()

    /// Reads and checks the templates.
    /// - Parameter folder: a folder whose files replace the built-in ones, and add languages and templates; `nil` for the
    ///   built-in ones alone.
    /// - Throws: ``TemplateError`` for the first file that is not usable, or if the folder cannot be read.
    package init(folder: String?) throws(TemplateError) {
        let files = try TemplateFiles(folder: folder)
        var templates: [String: MailTemplate] = [:]
        for name in try files.templateNames() { templates[name] = try MailTemplate(name, from: files) }
        self.templates = templates
    }

    /// The names of the templates, sorted.
    package var names: [String] { templates.keys.sorted() }

    /// The template of a name, or `nil` if there is none.
    subscript(name: String) -> MailTemplate? { templates[name] }

    /// The languages that a template has texts in, in the order of their tags; none if there is no such template.
    package func languages(of template: String) -> [Language] { templates[template]?.languages.available ?? [] }

    /// Returns the language of a template for a person's language: itself, or its closest parent (`pt` for `pt-BR`);
    /// `nil` if there is neither.
    package func language(of template: String, closestTo language: Language) -> Language? {
        templates[template]?.languages.lookup(language)
    }
}
