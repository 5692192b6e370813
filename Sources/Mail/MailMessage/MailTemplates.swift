import Bytes
import Mustache
import Net
import Platform

/// The texts of the sign-in mail: two layouts, one of HTML and one of plain text, and the words of each language.
///
/// They are Mustache templates. Words are plain text, escaped where a layout puts them into HTML.
package final class MailTemplates: Sendable {
    /// What a mail tells besides its link. Many mails have the same.
    struct Variant: Sendable, Hashable {
        let language: Language
        let product: String
        /// The portal's host.
        let portal: String
        let isNewestOnly: Bool
        /// Whether it holds a code, too.
        let hasCode: Bool
        /// For how long the link works, from when it was asked for.
        let lifetime: Duration
    }

    /// The texts for a variant.
    struct Page: Sendable {
        let subject: String
        /// The subject as it stands in its field.
        let subjectField: String
        let text: LinkedText
        let html: LinkedText
    }

    private let html: MustacheTemplate
    private let text: MustacheTemplate
    private let words: [Language: MailWords]

    /// The built-in templates.
    package static let builtIn: MailTemplates = {
        try! MailTemplates(folder: nil)  // They are part of the program, and the tests render each.
    }()

    /// - Parameter folder: where files of the same names as the built-in ones replace them; `nil` for none.
    /// - Throws: ``TemplateError`` for the first file that cannot be used.
    package init(folder: String?) throws(TemplateError) {
        let files = try TemplateFiles(folder: folder)
        html = try files.template(
            "sign-in.html.mustache", PackageResources.sign_in_html_mustache, startingWith: HTMLEscaping.pragma)
        text = try files.template(
            "sign-in.txt.mustache", PackageResources.sign_in_txt_mustache, startingWith: "{{% CONTENT_TYPE:TEXT}}\n")
        words = [
            .english: try files.words("en.json", PackageResources.en_json),
            .german: try files.words("de.json", PackageResources.de_json),
            .spanish: try files.words("es.json", PackageResources.es_json),
            .french: try files.words("fr.json", PackageResources.fr_json),
            .korean: try files.words("ko.json", PackageResources.ko_json),
            .japanese: try files.words("ja.json", PackageResources.ja_json),
        ]
        let page = page(
            for: Variant(
                language: .english, product: "", portal: "", isNewestOnly: true, hasCode: true,
                lifetime: .seconds(900)))
        guard page.html.holdsLink else { throw TemplateError(file: "sign-in.html.mustache", reason: .missingLink) }
        guard page.text.holdsLink else { throw TemplateError(file: "sign-in.txt.mustache", reason: .missingLink) }
        guard page.html.holdsCode else { throw TemplateError(file: "sign-in.html.mustache", reason: .missingCode) }
        guard page.text.holdsCode else { throw TemplateError(file: "sign-in.txt.mustache", reason: .missingCode) }
    }

    /// Renders the texts for a variant.
    func page(for variant: Variant) -> Page {
        let sentences =
            words[variant.language]?.sentences(
                product: variant.product, portal: variant.portal, lifetime: variant.lifetime) ?? [:]
        var context: [String: Any] = sentences
        context["language"] = variant.language.rawValue
        context["product"] = variant.product
        context["portal"] = variant.portal
        context["newestOnly"] = variant.isNewestOnly
        context["link"] = LinkedText.mark
        if variant.hasCode { context["code"] = LinkedText.codeMark }
        let subject = withoutControlCharacters(sentences["subject"] ?? "")
        return Page(
            subject: subject, subjectField: headerText(subject, startingAt: 9),
            text: LinkedText(text.render(context)), html: LinkedText(html.render(context)))
    }
}
