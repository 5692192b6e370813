import Net

/// A message that is ready to be sent, with its envelope.
package struct MailMessage: Sendable {
    /// A stable id of ASCII letters and digits: the same at each attempt to send the message.
    package let id: String
    /// The envelope sender, to which failures are reported (RFC 5321 §2.3.1).
    package let sender: EmailAddress
    /// The envelope recipients, at least one.
    package let recipients: [EmailAddress]
    /// Header and body in 7-bit ASCII, with CRLF line ends (RFC 5322).
    package let content: [UInt8]
}
