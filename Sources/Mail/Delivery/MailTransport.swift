import MailMessage

/// A way for messages to leave.
package protocol MailTransport: Sendable {
    /// Tries to deliver a message, and says how that ended; within `deadline`, whatever the other side does.
    /// - Parameter observe: is told each step, for a person who looks on.
    func deliver(
        _ message: MailMessage, within deadline: Duration, _ observe: (@Sendable (DeliveryStep) -> Void)?
    ) async -> DeliveryOutcome
}

/// A step of a delivery, as a person may see it: without credentials and content.
package enum DeliveryStep: Sendable, Equatable {
    /// What is being done, such as resolving a name.
    case note(String)
    case sent(String)
    case received(String)
}
