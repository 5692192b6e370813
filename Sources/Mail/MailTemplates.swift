import Foundation
import JSON
import Mustache
import SignIn
import Synchronization

/// The texts of the sign-in mail: two layouts, one of HTML and one of plain text, and the words of each language.
///
/// They are Mustache templates. Words are plain text, escaped where a layout puts them into HTML.
public final class MailTemplates: Sendable {
    /// What a mail tells.
    struct Values {
        let product: String
        /// The portal's host.
        let portal: String
        let link: String
        let isNewestOnly: Bool
        /// For how long the link works, from when it was asked for.
        let lifetime: Duration
    }

    /// A mail's texts.
    struct Page {
        let subject: String
        let text: String
        let html: String
    }

    /// What is the same in many mails.
    private struct Occasion: Hashable {
        let language: Language
        let product: String
        let portal: String
        let lifetime: Duration
    }

    private let html: MustacheTemplate
    private let text: MustacheTemplate
    private let words: [Language: MailWords]
    private let rendered = Mutex<[Occasion: [String: String]]>([:])
    /// So many occasions are remembered; when more come, all are forgotten.
    private static let maximumOccasionCount = 256

    /// The built-in templates.
    public static let builtIn: MailTemplates = {
        try! MailTemplates(folder: nil)  // They are part of the program, and the tests render each.
    }()

    /// - Parameter folder: where files of the same names as the built-in ones replace them; `nil` for none.
    /// - Throws: ``TemplateError`` for the first file that cannot be used.
    public init(folder: String?) throws(TemplateError) {
        let files = TemplateFiles(folder: folder)
        html = try files.template("sign-in.html.mustache", PackageResources.sign_in_html_mustache)
        text = try files.template("sign-in.txt.mustache", PackageResources.sign_in_txt_mustache)
        words = [
            .english: try files.words("en.json", PackageResources.en_json),
            .german: try files.words("de.json", PackageResources.de_json),
            .spanish: try files.words("es.json", PackageResources.es_json),
            .french: try files.words("fr.json", PackageResources.fr_json),
            .korean: try files.words("ko.json", PackageResources.ko_json),
            .japanese: try files.words("ja.json", PackageResources.ja_json),
        ]
    }

    /// Renders a mail. Each language has its words, which the initializer has seen to.
    func render(_ values: Values, in language: Language) -> Page {
        let sentences = sentences(
            for: Occasion(
                language: language, product: values.product, portal: values.portal, lifetime: values.lifetime))
        var context: [String: Any] = sentences
        context["language"] = language.rawValue
        context["product"] = values.product
        context["portal"] = values.portal
        context["link"] = values.link
        context["newestOnly"] = values.isNewestOnly
        return Page(
            subject: withoutControlCharacters(sentences["subject"] ?? ""),
            text: text.render(context), html: html.render(context))
    }

    /// A language's sentences for an occasion; from memory where it was rendered before.
    private func sentences(for occasion: Occasion) -> [String: String] {
        if let known = rendered.withLock({ $0[occasion] }) { return known }
        let sentences = words[occasion.language]?.sentences(
            product: occasion.product, portal: occasion.portal, lifetime: occasion.lifetime)
        rendered.withLock { rendered in
            if rendered.count >= MailTemplates.maximumOccasionCount { rendered = [:] }
            rendered[occasion] = sentences
        }
        return sentences ?? [:]
    }
}
