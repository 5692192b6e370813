import MailQueue
import Net

/// The parts of a sign-in email's job.
extension MailJob {
    /// The first recipient.
    package var recipient: EmailAddress { recipients[0] }

    /// The link, or an empty text if there is none.
    package var link: String { secret("link") ?? "" }

    /// The code, or `nil` if there is none.
    package var code: String? { secret("code") }

    /// The portal's host and port, or an empty text if there is none.
    package var portal: String {
        guard case .template(_, let values, _, _) = content, case .text(let text)? = values.kind(of: "portal") else {
            return ""
        }
        return text
    }

    /// Whether only the newest link works.
    package var isNewestOnly: Bool {
        guard case .template(_, let values, _, _) = content else { return false }
        return values.kind(of: "newestOnly") == .flag(true)
    }

    /// The language; English for a message without a template.
    package var language: Language {
        if case .template(_, _, _, let language) = content { language } else { .english }
    }

    private func secret(_ name: String) -> String? {
        guard case .template(_, _, let secrets, _) = content else { return nil }
        return secrets.first { $0.name == name }?.text
    }
}

extension [MailJob.Value] {
    fileprivate func kind(of name: String) -> MailJob.Value.Kind? { first { $0.name == name }?.kind }
}
