import Bytes
import MailQueue
import Net
import Platform
import Synchronization

/// Renders the message of a mail job: header, plain text and HTML.
///
/// A job always gives the same message, byte for byte, because a `Message-ID` identifies one message (RFC 5322 §3.6.4).
/// The `Date` is the time of the request for the link, from which the link's lifetime counts.
package final class SignInMail: Sendable {
    private let sender: Mailbox
    private let from: String
    private let productName: String
    private let templates: MailTemplates
    private let pages = Mutex<[Variant: MailTemplate.Page]>([:])
    /// The maximum number of cached pages. When it is reached, the cache is emptied.
    private static let maximumPageCount = 256

    /// - Parameters:
    ///   - sender: the sender of all messages.
    ///   - productName: the name of the product that people sign in to, without control characters.
    ///   - templates: the layouts and texts.
    package init(sender: Mailbox, productName: String, templates: MailTemplates) {
        precondition(!holdsControlCharacter(productName), "MailSettings refuses control characters")
        self.sender = sender
        from = SignInMail.from(sender)
        self.productName = productName
        self.templates = templates
    }

    /// Returns the message of a job.
    package func message(for job: MailJob) -> MailMessage {
        let page = page(for: job)
        var content: [UInt8] = []
        content.reserveCapacity(10_240 + job.link.utf8.count * 5)
        appendHeader(of: job, page, to: &content)
        // Quoted-printable text never contains `=_`.
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

    /// Returns the texts for a job, from the cache if another job had the same variant.
    private func page(for job: MailJob) -> MailTemplate.Page {
        let variant = Variant(
            language: templates.language(closestTo: job.language) ?? .english, product: productName,
            portal: job.origin.authority, isNewestOnly: job.isNewestOnly, hasCode: job.code != nil,
            lifetime: .milliseconds(job.expiresAt.milliseconds - job.issuedAt.milliseconds))
        if let page = pages.withLock({ $0[variant] }) { return page }
        let page = templates.page(for: variant)
        pages.withLock { pages in
            if pages.count >= SignInMail.maximumPageCount { pages = [:] }
            pages[variant] = page
        }
        return page
    }

    private func appendHeader(of job: MailJob, _ page: MailTemplate.Page, to content: inout [UInt8]) {
        for line in [
            "Date: ", CivilTime(job.issuedAt).mailDate, "\r\n", from, "\r\nTo: <", job.recipient.text, ">\r\nSubject: ",
            page.subjectField, "\r\nMessage-ID: <", job.id, "@", sender.domain,
            ">\r\nMIME-Version: 1.0\r\nContent-Language: ", page.language.tag,
            // These suppress automatic replies (RFC 3834 §5; the second is for Exchange).
            "\r\nAuto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n",
        ] {
            content += line.utf8
        }
    }

    /// Returns the `From` field. After a long name the address is on a line of its own.
    private static func from(_ sender: Mailbox) -> String {
        let name = sender.name.map { displayName($0, startingAt: 6) + " " } ?? ""
        let fold = !name.isEmpty && name.utf8.count + sender.address.text.utf8.count > 68 ? "\r\n " : ""
        return "From: \(name)\(fold)<\(sender.address.text)>"
    }
}
