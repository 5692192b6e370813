import Bytes
import MailQueue
import Net
import Platform
import Synchronization

/// Renders the message of a mail job: header, plain text and HTML.
///
/// A job always gives the same message, byte for byte, because a `Message-ID` identifies one message (RFC 5322 §3.6.4).
/// The `Date` is the time of the request, from which the lifetime counts.
package final class MailRenderer: Sendable {
    /// Emails that share their texts: all but the secrets.
    private struct Variant: Hashable {
        let template: String
        let language: Language
        let values: MailTemplate.Values
    }

    private let sender: Mailbox
    private let from: String
    private let productName: String
    private let templates: MailTemplates
    private let pages = Mutex<[Variant: MailTemplate.Page]>([:])
    /// The maximum number of cached pages. When it is reached, the cache is emptied.
    private static let maximumPageCount = 256

    /// - Parameters:
    ///   - sender: the sender of messages whose job has none.
    ///   - productName: the name of the product that the emails are about, without control characters.
    ///   - templates: the layouts and texts.
    package init(sender: Mailbox, productName: String, templates: MailTemplates) {
        precondition(!holdsControlCharacter(productName), "MailSettings refuses control characters")
        self.sender = sender
        from = mailboxField("From", sender)
        self.productName = productName
        self.templates = templates
    }

    /// Returns the message of a job.
    /// - Throws: ``RenderError`` if the job does not fit a template of this worker.
    package func message(for job: MailJob) throws(RenderError) -> MailMessage {
        let content =
            switch job.content {
            case .template(let name, let values, let secrets, let language):
                try content(of: job, name, values, secrets, language)
            case .message(let subject, let html, let text, let headers):
                content(of: job, subject, html, text, headers)
            }
        return MailMessage(
            id: job.id, sender: (job.sender ?? sender).address, recipients: job.remaining ?? job.recipients,
            content: content)
    }

    // MARK: - Templates

    private func content(
        of job: MailJob, _ name: String, _ values: [MailJob.Value], _ secrets: [MailJob.Slot], _ language: Language
    ) throws(RenderError) -> [UInt8] {
        guard let template = templates[name] else { throw .unknownTemplate(name) }
        let values = try template.values(values, secrets, of: name, product: productName, lifetime: job.lifetime)
        let page = page(
            for: Variant(
                template: name, language: template.languages.lookup(language) ?? template.languages.fallback,
                values: values), of: template)
        let texts = template.declared.secrets.map { slot in secrets.first { $0.name == slot.name }?.text ?? "" }
        var content: [UInt8] = []
        content.reserveCapacity(10_240 + texts.reduce(0) { $0 + $1.utf8.count } * 5)
        appendHeader(of: job, subject: page.subjectField, language: page.language, to: &content)
        appendAlternatives(
            of: job,
            [
                ("plain", { page.text.append(to: &$0, secrets: texts) }),
                ("html", { page.html.append(to: &$0, secrets: texts) }),
            ], to: &content)
        return content
    }

    /// Returns the texts of a variant, from the cache if another job had the same.
    private func page(for variant: Variant, of template: MailTemplate) -> MailTemplate.Page {
        if let page = pages.withLock({ $0[variant] }) { return page }
        let page = template.page(in: variant.language, with: variant.values)
        pages.withLock { pages in
            if pages.count >= MailRenderer.maximumPageCount { pages = [:] }
            pages[variant] = page
        }
        return page
    }

    // MARK: - Messages

    private func content(
        of job: MailJob, _ subject: String, _ html: String?, _ text: String?, _ headers: [MailJob.Header]
    ) -> [UInt8] {
        let size = (html?.utf8.count ?? 0) + (text?.utf8.count ?? 0)
        var content: [UInt8] = []
        content.reserveCapacity(4096 + size + size / 4)
        appendHeader(of: job, subject: headerText(subject, startingAt: 9), to: &content)
        for header in headers { content += "\(field(header))\r\n".utf8 }
        let bodies = [("plain", text), ("html", html)].compactMap { type, body in body.map { (type, Array($0.utf8)) } }
        appendAlternatives(
            of: job, bodies.map { type, body in (type, { appendQuotedPrintable(body, to: &$0) }) }, to: &content)
        return content
    }

    // MARK: - Parts of a message

    private func appendHeader(
        of job: MailJob, subject: String, language: Language? = nil, to content: inout [UInt8]
    ) {
        let domain = (job.sender ?? sender).domain
        for line in [
            "Date: ", CivilTime(job.issuedAt).mailDate, "\r\n", job.sender.map { mailboxField("From", $0) } ?? from,
            "\r\n", recipientsField(job.recipients), "\r\nSubject: ", subject, "\r\nMessage-ID: <", job.id, "@", domain,
            ">\r\nMIME-Version: 1.0\r\n",
        ] {
            content += line.utf8
        }
        if let language { content += "Content-Language: \(language.tag)\r\n".utf8 }
        // These suppress automatic replies (RFC 3834 §5; the second is for Exchange).
        content += "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n".utf8
        // Gmail folds emails of equal subjects into one conversation, and hides the newest, unless these ids differ.
        content += "X-Entity-Ref-ID: \(job.id)\r\n".utf8
    }

    /// Appends the end of the header and the body: one text, or alternatives of which the last is the best.
    private func appendAlternatives(
        of job: MailJob, _ texts: [(type: String, append: (inout [UInt8]) -> Void)], to content: inout [UInt8]
    ) {
        // Quoted-printable text never contains `=_`.
        let boundary = "=_\(job.id)"
        let isMultipart = texts.count > 1
        if isMultipart {
            content += "Content-Type: multipart/alternative;\r\n boundary=\"\(boundary)\"\r\n\r\n".utf8
        }
        for (type, append) in texts {
            if isMultipart { content += "--\(boundary)\r\n".utf8 }
            content += "Content-Type: text/\(type); charset=utf-8\r\n".utf8
            content += "Content-Transfer-Encoding: quoted-printable\r\n\r\n".utf8
            append(&content)
            content += "\r\n".utf8
        }
        if isMultipart { content += "--\(boundary)--\r\n".utf8 }
    }
}

extension MailJob {
    fileprivate var lifetime: Duration { .milliseconds(expiresAt.milliseconds - issuedAt.milliseconds) }
}

extension MailTemplate {
    /// Returns a job's values and the names of its secrets, those that the template declares.
    /// - Throws: ``RenderError/missingValue(_:template:)``.
    fileprivate func values(
        _ values: [MailJob.Value], _ secrets: [MailJob.Slot], of name: String, product: String, lifetime: Duration
    ) throws(RenderError) -> Values {
        var filled = Values(
            names: ["product": product], sections: [:], secrets: [],
            lifetimeMinutes: max(1, Int(lifetime.components.seconds) / 60))
        for declaration in declared.values {
            switch (declaration.kind, values.first { $0.name == declaration.name }?.kind) {
            case (.text, .text(let text)?), (.optionalText, .text(let text)?): filled.names[declaration.name] = text
            case (.flag, .flag(let isShown)?): filled.sections[declaration.name] = isShown
            case (.flag, nil): filled.sections[declaration.name] = false
            case (.optionalText, nil): break
            default: throw .missingValue(declaration.name, template: name)
            }
        }
        for declaration in declared.secrets {
            if secrets.contains(where: { $0.name == declaration.name }) {
                filled.secrets.insert(declaration.name)
            } else if declaration.kind == .secret {
                throw .missingValue(declaration.name, template: name)
            }
        }
        return filled
    }
}
