public import Mail
import Secrets
public import Settings
import SignIn

/// How mail is written and where it goes.
public struct MailSettings: Sendable {
    /// `POSTERN_MAIL_URL`: where mail goes. Required.
    public let mailURL: MailURL
    /// `POSTERN_MAIL_FROM`: who it is from, as `Name <address>`. Required.
    public let sender: Mailbox
    /// `POSTERN_PRODUCT_NAME`: what people sign in to, 1 to 100 characters. Default: Portal.
    public let productName: String
    /// `POSTERN_MAIL_CONCURRENCY`: deliveries at once, 1 to 256. Default: 8.
    public let concurrency: Int
    /// `POSTERN_MAIL_TIMEOUT`: the deadline of a delivery, 1s to 5m. Default: 30s.
    public let deliveryTimeout: Duration
    /// `POSTERN_TEMPLATES`: the templates, with those of a folder in the place of the built-in ones.
    public let templates: MailTemplates
    private let certificateAuthorities: String?

    /// Reads all of them.
    /// - Throws: ``SettingError`` for the first that is missing or wrong.
    public init(_ environment: Environment) throws(SettingError) {
        certificateAuthorities = try RedisSettings.certificateAuthorities(environment)
        mailURL = try environment.required("POSTERN_MAIL_URL", example: "smtp://user:password@mail.example.com:587") {
            (text) throws(Invalid) in
            try Invalid.wrapping { () throws(ServiceURL.Invalid) in try MailURL(parsing: text) }
        }
        sender = try environment.required("POSTERN_MAIL_FROM", example: "Portal <sign-in@example.com>") {
            (text) throws(Invalid) in
            guard let mailbox = Mailbox(parsing: text) else {
                throw Invalid("must be an address, or a name of up to 100 characters and an address in angle brackets")
            }
            return mailbox
        }
        productName =
            try environment.optional("POSTERN_PRODUCT_NAME", example: "Portal") { (text) throws(Invalid) in
                guard text.count <= 100, !holdsControlCharacter(text) else {
                    throw Invalid("must be 1 to 100 characters, and none of them a control character")
                }
                return text
            } ?? "Portal"
        concurrency =
            try environment.optional("POSTERN_MAIL_CONCURRENCY", example: "8") { (text) throws(Invalid) in
                try wholeNumber(text, in: 1...256, "must be a number from 1 to 256")
            } ?? 8
        deliveryTimeout =
            try environment.optional("POSTERN_MAIL_TIMEOUT", example: "30s") { (text) throws(Invalid) in
                try duration(text, in: .seconds(1)...(.seconds(300)), "1s to 5m")
            } ?? .seconds(30)
        // Read also where the variable is not set: the built-in ones cannot fail.
        templates =
            try environment.optional("POSTERN_TEMPLATES", example: "/etc/postern/templates") {
                (text) throws(Invalid) in
                do {
                    return try MailTemplates(folder: text)
                } catch {
                    throw Invalid("must be a folder of usable templates: \(error)")
                }
            } ?? MailTemplates.builtIn
    }

    /// What makes messages.
    public var mail: SignInMail { SignInMail(sender: sender, productName: productName, templates: templates) }

    /// The transport that the settings name.
    public func transport() -> any MailTransport {
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
