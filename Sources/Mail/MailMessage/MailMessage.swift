import Net
import Platform

/// A message, ready to be sent.
package struct MailMessage: Sendable {
    /// A name for it that is stable: the same message has the same, however often it is sent. Letters and digits.
    package let id: String
    /// Whom the server is told to report failures to (RFC 5321 §2.3.1).
    package let sender: EmailAddress
    /// Whom it is for: one address.
    package let recipient: EmailAddress
    /// Header and body, with CRLF at each line's end, in 7-bit ASCII (RFC 5322).
    package let content: [UInt8]
}
