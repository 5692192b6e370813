/// The priority of an email, which decides the stream that its job waits in.
///
/// Workers claim jobs of high priority before all others.
package enum MailPriority: String, Sendable, CaseIterable {
    /// A person waits for the email: it contains a link or a code that they have just requested.
    case high
    /// Any number of emails that nobody waits for.
    case bulk
}
