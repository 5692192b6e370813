public import SignIn

/// A message, ready to be sent.
public struct MailMessage: Sendable {
    /// A name for it that is stable: the same message has the same, however often it is sent. Letters and digits.
    public let id: String
    /// Whom the server is told to report failures to (RFC 5321 §2.3.1).
    public let sender: EmailAddress
    /// Whom it is for: one address.
    public let recipient: EmailAddress
    /// Header and body, with CRLF at each line's end, in 7-bit ASCII (RFC 5322).
    public let content: [UInt8]
}
