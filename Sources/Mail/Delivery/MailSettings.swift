import Bytes
import Cryptography
import MailMessage
import Net
import Platform
import Settings

/// How mail is written and where it goes.
package struct MailSettings: Sendable {
    /// `POSTERN_MAIL_URL`: where mail goes. Required.
    package let mailURL: MailURL
    /// `POSTERN_MAIL_FROM`: who it is from, as `Name <address>`. Required.
    package let sender: Mailbox
    /// `POSTERN_PRODUCT_NAME`: what people sign in to, 1 to 100 characters. Default: Portal.
    package let productName: String
    /// `POSTERN_MAIL_CONCURRENCY`: deliveries at once, 1 to 256. Default: 8.
    package let concurrency: Int
    /// `POSTERN_MAIL_TIMEOUT`: the deadline of a delivery, 1s to 5m. Default: 30s.
    package let deliveryTimeout: Duration
    /// `POSTERN_TEMPLATES`: the templates, with those of a folder in the place of the built-in ones.
    package let templates: MailTemplates
    private let certificateAuthorities: String?

    /// Reads all of them.
    /// - Throws: ``SettingError`` for the first that is missing or wrong.
    package init(_ environment: Environment) throws(SettingError) {
        certificateAuthorities = try environment.certificateAuthorities()
        mailURL = try environment.required(
            "POSTERN_MAIL_URL", example: "smtp://user:password@mail.example.com:587", MailURL.init(parsing:))
        sender = try environment.required("POSTERN_MAIL_FROM", example: "Portal <sign-in@example.com>") {
            (text) throws(ParseError) in
            guard let mailbox = Mailbox(parsing: text) else {
                throw ParseError("must be an email address, or NAME <ADDRESS> with a name of up to 100 characters")
            }
            return mailbox
        }
        productName =
            try environment.optional("POSTERN_PRODUCT_NAME", example: "Portal") { (text) throws(ParseError) in
                guard text.count <= 100, !holdsControlCharacter(text) else {
                    throw ParseError("must be 1 to 100 characters, without control characters")
                }
                return text
            } ?? "Portal"
        concurrency =
            try environment.optional("POSTERN_MAIL_CONCURRENCY", example: "8") { (text) throws(ParseError) in
                try wholeNumber(text, in: 1...256, "must be a number from 1 to 256")
            } ?? 8
        deliveryTimeout =
            try environment.optional("POSTERN_MAIL_TIMEOUT", example: "30s") { (text) throws(ParseError) in
                try duration(text, in: .seconds(1)...(.seconds(300)), "1s to 5m")
            } ?? .seconds(30)
        // Read also where the variable is not set: the built-in ones cannot fail.
        templates =
            try environment.optional("POSTERN_TEMPLATES", example: "/etc/postern/templates") {
                (text) throws(ParseError) in
                do {
                    return try MailTemplates(folder: text)
                } catch {
                    throw ParseError("must be a folder of valid templates: \(error)")
                }
            } ?? MailTemplates.builtIn
    }

    /// What makes messages.
    package var mail: SignInMail { SignInMail(sender: sender, productName: productName, templates: templates) }

    /// The transport that the settings name.
    package func transport() -> any MailTransport {
        switch mailURL {
        case .smtp(let server):
            SMTPTransport(
                server: server, clientName: sender.domain, connections: concurrency,
                certificateAuthorities: certificateAuthorities)
        case .mailgun(let account):
            MailgunTransport(
                account: account, connections: concurrency, certificateAuthorities: certificateAuthorities)
        case .maildir(let path):
            MaildirTransport(path: path)
        }
    }
}
