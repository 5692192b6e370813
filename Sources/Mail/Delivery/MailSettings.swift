import Bytes
import MailMessage
import MailQueue
import Net
import Platform
import Settings

/// The worker's settings for rendering and delivering email.
package struct MailSettings: Sendable {
    /// `POSTERN_MAIL_URL`: the server, service or folder to deliver to. Secret, as it can contain a password. Required.
    package let mailURL: MailURL
    /// `POSTERN_MAIL_FROM`: the sender, as `Name <address>` or an address alone. Required.
    package let sender: Mailbox
    /// `POSTERN_PRODUCT_NAME`: the name of the product that people sign in to, 1 to 100 characters. Default: Portal.
    package let productName: String
    /// `POSTERN_MAIL_CONCURRENCY`: the maximum number of concurrent deliveries, 1 to 256. Default: 8.
    package let concurrency: Int
    /// `POSTERN_MAIL_TIMEOUT`: the maximum duration of a delivery, 1s to 5m. Default: 30s.
    package let deliveryTimeout: Duration
    /// `POSTERN_TEMPLATES`: a folder whose templates replace the built-in ones. Default: the built-in templates.
    package let templates: MailTemplates
    private let certificateAuthorities: String?

    /// Reads the settings from the environment.
    /// - Throws: ``SettingError`` for the first setting that is missing or invalid.
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
                try parseNumber(text, in: 1...256, "must be a number from 1 to 256")
            } ?? 8
        deliveryTimeout =
            try environment.optional("POSTERN_MAIL_TIMEOUT", example: "30s") { (text) throws(ParseError) in
                try parseDuration(text, in: .seconds(1)...(.seconds(300)), "1s to 5m")
            } ?? .seconds(30)
        // If the variable is not set, the built-in templates are parsed now rather than at the first job.
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

    /// The renderer of messages.
    package var renderer: MailRenderer { MailRenderer(sender: sender, productName: productName, templates: templates) }

    /// Creates the transport for ``mailURL``.
    package func transport() -> any MailTransport {
        switch mailURL {
        case .smtp(let server):
            SMTPTransport(
                server: server, clientName: sender.domain,
                connections: concurrency + Slots.maximumParkedCount(of: concurrency),
                certificateAuthorities: certificateAuthorities)
        case .mailgun(let account):
            MailgunTransport(
                account: account, connections: concurrency, certificateAuthorities: certificateAuthorities)
        case .maildir(let path):
            MaildirTransport(path: path)
        }
    }
}
