import Net

/// The templates of all kinds of email.
package final class MailTemplates: Sendable {
    /// The sign-in email.
    let signIn: MailTemplate

    /// The built-in templates.
    package static let builtIn: MailTemplates = {
        try! MailTemplates(folder: nil)  // They are compiled into the program, and the tests render each of them.
    }()

    /// Reads and checks the templates.
    /// - Parameter folder: a folder whose files replace the built-in ones and add languages; `nil` for the built-in ones
    ///   alone.
    /// - Throws: ``TemplateError`` for the first file that is not usable, or if the folder cannot be read.
    package init(folder: String?) throws(TemplateError) {
        let files = try TemplateFiles(folder: folder)
        signIn = try MailTemplate("sign-in", from: files, checkedWith: SignInMail.Variant.sample.values)
    }

    /// The languages that the sign-in email can be written in, in the order of their tags.
    package var languages: [Language] { signIn.languages.available }

    /// Returns the language of the sign-in email for a person's language: itself, or its closest parent (`pt` for
    /// `pt-BR`); `nil` if there is neither.
    package func language(closestTo language: Language) -> Language? { signIn.languages.lookup(language) }
}
