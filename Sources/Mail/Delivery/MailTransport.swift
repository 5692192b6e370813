import MailMessage

/// A way to deliver messages.
package protocol MailTransport: Sendable {
    /// Attempts to deliver a message.
    /// - Parameters:
    ///   - deadline: the maximum duration of the attempt, whatever the server does.
    ///   - observe: called with each step, to show it to a person.
    /// - Returns: the outcome of the attempt.
    func deliver(
        _ message: MailMessage, within deadline: Duration, _ observe: (@Sendable (DeliveryStep) -> Void)?
    ) async -> DeliveryOutcome

    /// The same, but records how far the delivery has come, if the transport knows.
    func deliver(
        _ message: MailMessage, within deadline: Duration, _ progress: DeliveryProgress
    ) async -> DeliveryOutcome
}

extension MailTransport {
    package func deliver(
        _ message: MailMessage, within deadline: Duration, _ progress: DeliveryProgress
    ) async -> DeliveryOutcome {
        await deliver(message, within: deadline, nil)
    }
}

/// A step of a delivery, to show to a person. It contains neither credentials nor content.
package enum DeliveryStep: Sendable, Equatable {
    /// Something that the client does, such as resolving a name.
    case note(String)
    /// A line that was sent.
    case sent(String)
    /// A line that was received.
    case received(String)
}
