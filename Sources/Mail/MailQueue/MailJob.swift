import Net
import Platform

/// An email for a worker to deliver: who gets it, what it says, and until when it is of use.
///
/// A job is a plain value. ``check()`` enforces its bounds: a feature calls it for what a client has sent, and a worker
/// for each job that it opens.
package struct MailJob: Sendable, Equatable {
    /// The content of an email.
    package enum Content: Sendable, Equatable {
        /// A template, by the name of its folder, with what to fill in: values, which many emails share, and secrets,
        /// which differ in each. The worker writes it in the closest language that the template has texts in.
        case template(name: String, values: [Value], secrets: [Slot], language: Language)
        /// A whole message: its subject, its body as HTML, plain text or both, and further header fields.
        case message(subject: String, html: String?, text: String?, headers: [Header])
    }

    /// A value of a template: a text, or the choice to show a section.
    package struct Value: Sendable, Equatable {
        /// A text or a choice.
        package enum Kind: Sendable, Equatable, Hashable {
            case text(String)
            case flag(Bool)
        }

        package let name: String
        package let kind: Kind

        /// Creates a value that is a text.
        package static func text(_ name: String, _ text: String) -> Value { Value(name: name, kind: .text(text)) }

        /// Creates a value that shows a section, or hides it.
        package static func flag(_ name: String, _ isShown: Bool) -> Value { Value(name: name, kind: .flag(isShown)) }
    }

    /// A secret of a template, such as a link or a code. It must not be logged, or stored unencrypted.
    package struct Slot: Sendable, Equatable {
        package let name: String
        /// Visible ASCII. The slot `link` is an absolute `http://` or `https://` URL.
        package let text: String

        /// Creates a slot from its parts.
        package init(_ name: String, _ text: String) {
            self.name = name
            self.text = text
        }
    }

    /// A header field of a message.
    package struct Header: Sendable, Equatable {
        package let name: String
        package let value: String

        /// Creates a header field from its parts.
        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The readers of an email's outcome.
    package struct Report: Sendable, Equatable {
        /// The process that waits for the outcome, or `nil` if none does: 1 to 64 letters, digits, `-`, `_`, `.` or `:`.
        package let process: String?
        /// Whether webhooks are told.
        package let isForWebhooks: Bool

        /// Creates a report from its parts.
        package init(process: String? = nil, isForWebhooks: Bool = false) {
            self.process = process
            self.isForWebhooks = isForWebhooks
        }
    }

    /// 32 lowercase hexadecimal digits: for a link, the first half of the SHA-256 of its token. A repeated request has
    /// the same id.
    package let id: String
    /// The addresses in the field `To`.
    package let recipients: [EmailAddress]
    /// Those of the recipients that still wait for the email, or `nil` if all of them do.
    package let remaining: [EmailAddress]?
    /// The content.
    package let content: Content
    /// The sender, or `nil` for the deployment's (`POSTERN_MAIL_FROM`).
    package let sender: Mailbox?
    /// The priority.
    package let priority: MailPriority
    /// Words for logs and statistics.
    package let tags: [String]
    /// The readers of the outcome, or `nil` if nobody reads it.
    package let report: Report?
    /// The time of the request. Lifetimes in the text count from it, and it is the email's `Date`.
    package let issuedAt: UnixTime
    /// The time from which the email is of no use, as its link has expired, and is not sent.
    package let expiresAt: UnixTime

    /// Creates a job from its parts.
    package init(
        id: String, recipients: [EmailAddress], remaining: [EmailAddress]? = nil, content: Content,
        sender: Mailbox? = nil,
        priority: MailPriority = .high, tags: [String] = [], report: Report? = nil, issuedAt: UnixTime,
        expiresAt: UnixTime
    ) {
        self.id = id
        self.recipients = recipients
        self.remaining = remaining
        self.content = content
        self.sender = sender
        self.priority = priority
        self.tags = tags
        self.report = report
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
    }

    /// The same email for some of its recipients alone. The field `To` keeps all of them.
    /// - Parameter remaining: recipients of this job, at least one.
    package func forDelivery(to remaining: [EmailAddress]) -> MailJob {
        MailJob(
            id: id, recipients: recipients, remaining: remaining, content: content, sender: sender, priority: priority,
            tags: tags, report: report, issuedAt: issuedAt, expiresAt: expiresAt)
    }
}

extension MailJob: CustomStringConvertible, CustomReflectable {
    package var description: String { "mail job \(id)" }

    package var customMirror: Mirror { Mirror(self, children: []) }
}
