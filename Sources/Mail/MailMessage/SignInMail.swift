import Bytes
import MailQueue
import Net
import Platform
import Synchronization

/// Makes the message of a mail job: its words, its form, and its header.
///
/// A job gives the same message, byte for byte, however often it is made: one `Message-ID` names one message (RFC 5322
/// §3.6.4). Its date is when the link was asked for, from which the time that the link holds is counted.
package final class SignInMail: Sendable {
    private let sender: Mailbox
    private let from: String
    private let productName: String
    private let templates: MailTemplates
    private let pages = Mutex<[MailTemplates.Variant: MailTemplates.Page]>([:])
    /// So many pages are remembered; when more come, all are forgotten.
    private static let maximumPageCount = 256

    /// - Parameters:
    ///   - productName: what people sign in to; without control characters.
    package init(sender: Mailbox, productName: String, templates: MailTemplates) {
        precondition(!holdsControlCharacter(productName), "checked where the setting is read")
        self.sender = sender
        from = SignInMail.from(sender)
        self.productName = productName
        self.templates = templates
    }

    /// The message that takes a job's link to its recipient.
    package func message(for job: MailJob) -> MailMessage {
        let page = page(for: job)
        var content: [UInt8] = []
        content.reserveCapacity(10_240 + job.link.utf8.count * 5)
        appendHeader(of: job, subject: page.subjectField, to: &content)
        // Quoted-printable text never holds `=_`.
        let boundary = "=_\(job.id)"
        content += "Content-Type: multipart/alternative;\r\n boundary=\"\(boundary)\"\r\n\r\n".utf8
        for (type, text) in [("plain", page.text), ("html", page.html)] {
            content += "--\(boundary)\r\nContent-Type: text/\(type); charset=utf-8\r\n".utf8
            content += "Content-Transfer-Encoding: quoted-printable\r\n\r\n".utf8
            text.append(to: &content, link: job.link, code: job.code ?? "")
            content += "\r\n".utf8
        }
        content += "--\(boundary)--\r\n".utf8
        return MailMessage(id: job.id, sender: sender.address, recipient: job.recipient, content: content)
    }

    /// The texts for a job, rendered for the first mail of many that have the same.
    private func page(for job: MailJob) -> MailTemplates.Page {
        let variant = MailTemplates.Variant(
            language: job.language, product: productName, portal: job.origin.authority, isNewestOnly: job.isNewestOnly,
            hasCode: job.code != nil, lifetime: .milliseconds(job.expiresAt.milliseconds - job.issuedAt.milliseconds))
        if let page = pages.withLock({ $0[variant] }) { return page }
        let page = templates.page(for: variant)
        pages.withLock { pages in
            if pages.count >= SignInMail.maximumPageCount { pages = [:] }
            pages[variant] = page
        }
        return page
    }

    private func appendHeader(of job: MailJob, subject: String, to content: inout [UInt8]) {
        for line in [
            "Date: ", CivilTime(job.issuedAt).mailDate, "\r\n", from, "\r\nTo: <", job.recipient.text, ">\r\nSubject: ",
            subject, "\r\nMessage-ID: <", job.id, "@", sender.domain, ">\r\nMIME-Version: 1.0\r\nContent-Language: ",
            job.language.rawValue,
            // Nobody's holiday note is to answer it (RFC 3834 §5; the second is Exchange's).
            "\r\nAuto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n",
        ] {
            content += line.utf8
        }
    }

    /// The field that says who the message is from. Behind a long name the address has a line of its own.
    private static func from(_ sender: Mailbox) -> String {
        let name = sender.name.map { displayName($0, startingAt: 6) + " " } ?? ""
        let fold = !name.isEmpty && name.utf8.count + sender.address.text.utf8.count > 68 ? "\r\n " : ""
        return "From: \(name)\(fold)<\(sender.address.text)>"
    }
}
