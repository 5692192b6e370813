import ArgumentParser
import Bytes
import Cryptography
import Delivery
import MailMessage
import MailQueue
import Net
import Platform
import Settings
import Synchronization

/// `postern smtp-test`: sends one message through the configured transport.
struct SMTPTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "smtp-test",
        abstract: "Send a test email and show each step.",
        discussion: """
            Sends the sign-in email through the configured transport; its link and code do not work. Does not use Redis.

            Reads POSTERN_MAIL_URL, POSTERN_MAIL_FROM and the optional mail settings. Exit status: 0 if the message is \
            accepted; otherwise 1, and the last line starts with one of: \
            \(DeliveryFailure.Code.allCases.map(\.rawValue).joined(separator: ", ")).
            """)

    @Option(help: "The email address to send the message to.")
    var to: String

    @Option(help: "The language of the message, as a BCP 47 tag, such as de or pt-BR.")
    var language = "en"

    @Flag(help: "Print one JSON object with outcome, code, reply and steps.")
    var json = false

    func run() async throws {
        guard let recipient = EmailAddress(parsing: to) else {
            throw ValidationError("--to must be an email address, such as ada@example.com")
        }
        let settings: MailSettings
        do throws(SettingError) {
            settings = try MailSettings(Environment())
        } catch {
            throw CommandFailure.wrongSetting(error)
        }
        let language = try language(of: settings.templates)
        let message = try settings.renderer.message(for: try SMTPTestCommand.job(to: recipient, in: language))
        let steps = Mutex<[DeliveryStep]>([])
        let isQuiet = json
        let outcome = await settings.transport().deliver(message, within: settings.deliveryTimeout) { step in
            steps.withLock { $0.append(step) }
            if !isQuiet { SMTPTestCommand.tell(step) }
        }
        if json { show(json: SMTPTestCommand.report(outcome, steps.withLock { $0 })) }
        if let failure = outcome.failure { throw CommandFailure.notDone(failure.description) }
        if !json { print("The message was accepted.") }
    }

    /// The language of the option, if the templates have texts for it.
    private func language(of templates: MailTemplates) throws -> Language {
        guard let language = try? Language(parsing: language),
            let closest = templates.language(of: "sign-in", closestTo: language)
        else {
            throw ValidationError(
                "--language must be one of \(templates.languages(of: "sign-in").map(\.tag).joined(separator: ", "))")
        }
        return closest
    }

    /// A job like that of a real request. Its token and code do not work.
    private static func job(to recipient: EmailAddress, in language: Language) throws -> MailJob {
        let random = RandomBytes.system
        let token = try random.secret(count: 32).withUnsafeBytes(base64URL)
        let id = try random.secret(count: 16).withUnsafeBytes { hexadecimal($0) }
        let now = UnixTime.now()
        return MailJob(
            id: id, recipients: [recipient],
            content: .template(
                name: "sign-in", values: [.text("portal", "portal.example"), .flag("newestOnly", true)],
                secrets: [
                    MailJob.Slot("link", "https://portal.example/this-is-a-test?token=\(token)"),
                    MailJob.Slot("code", "000000"),
                ], language: language),
            issuedAt: now, expiresAt: now + .seconds(900))
    }

    private static func tell(_ step: DeliveryStep) {
        switch step {
        case .note(let text): print("   \(shown(text))")
        case .sent(let text): print("-> \(shown(text))")
        case .received(let text): print("<- \(shown(text))")
        }
    }

    private static func report(_ outcome: DeliveryOutcome, _ steps: [DeliveryStep]) -> String {
        var json = JSONWriter(capacity: 1024)
        json.member("outcome", outcome.name)
        if let failure = outcome.failure {
            json.member("code", failure.code.rawValue)
            json.member("detail", failure.detail)
        }
        if let reply = outcome.reply { json.member("reply", reply.description) }
        json.member("steps", forEach: steps) { json, step in
            switch step {
            case .note(let text): json.member("note", text)
            case .sent(let text): json.member("sent", text)
            case .received(let text): json.member("received", text)
            }
        }
        return String(decoding: json.finish(), as: UTF8.self)
    }
}
