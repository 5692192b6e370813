import Bytes
import Mustache
import Net
import Platform

/// The templates of the sign-in email: an HTML layout, a plain-text layout, and the texts of each language.
///
/// Layouts and texts are Mustache templates. Texts are plain text, and are escaped in the HTML layout.
package final class MailTemplates: Sendable {
    /// All values of an email except its link and code. Many emails share a variant.
    struct Variant: Sendable, Hashable {
        let language: Language
        let product: String
        /// The portal's host, with its port unless that is the default.
        let portal: String
        let isNewestOnly: Bool
        /// Whether the email contains a code.
        let hasCode: Bool
        /// The link's lifetime, from the time of the request.
        let lifetime: Duration
    }

    /// The rendered texts of a variant.
    struct Page: Sendable {
        let subject: String
        /// The subject in the form for its header field, encoded and folded.
        let subjectField: String
        let text: LinkedText
        let html: LinkedText
    }

    private let html: MustacheTemplate
    private let text: MustacheTemplate
    private let words: [Language: MailWords]

    /// The built-in templates.
    package static let builtIn: MailTemplates = {
        try! MailTemplates(folder: nil)  // They are compiled into the program, and the tests render each of them.
    }()

    /// Reads and checks the templates.
    /// - Parameter folder: a folder whose files replace the built-in ones of the same name; `nil` for the built-in ones
    ///   alone.
    /// - Throws: ``TemplateError`` for the first file that is not usable, or if the folder cannot be read.
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

    /// Renders the texts of a variant.
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
