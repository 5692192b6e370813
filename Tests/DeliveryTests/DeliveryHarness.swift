import MailMessage
import TestSupport
import Testing

@testable import Delivery

/// Delivers a message, and fails if that takes longer than its deadline plus 20 seconds, which allows for a busy
/// machine.
func deliver(
    _ message: MailMessage, by transport: any MailTransport, within deadline: Duration = .seconds(10),
    _ observe: (@Sendable (DeliveryStep) -> Void)? = nil
) async throws -> DeliveryOutcome {
    let outcome = Mutexed<DeliveryOutcome?>(nil)
    // Nothing awaits this task, so that a delivery that never ends fails its test and does not block the others.
    Task { outcome.value = await transport.deliver(message, within: deadline, observe) }
    try await eventually(within: deadline + .seconds(20), "the end of a delivery") { outcome.value != nil }
    return try #require(outcome.value)
}

extension DeliveryOutcome {
    /// The outcome in the form for tables, such as `permanent recipient_refused 550 5.1.1`.
    var summary: String {
        switch self {
        case .delivered(let reply): joined("delivered", reply?.description)
        case .partial(let partial): partial.failure.summary("partial \(partial.refusedCount) \(partial.remaining)")
        case .transient(let failure): failure.summary("transient")
        case .permanent(let failure): failure.summary(failure.subject == .unclear ? "unclear" : "permanent")
        case .ambiguous(let failure): failure.summary("ambiguous")
        case .unavailable(let failure): failure.summary("unavailable")
        }
    }
}

extension DeliveryFailure {
    fileprivate func summary(_ kind: String) -> String {
        joined(kind, code.rawValue, reply?.description)
    }
}

private func joined(_ words: String?...) -> String {
    words.compactMap { $0 }.joined(separator: " ")
}

extension SMTPTransport {
    /// Creates a transport to a server on this machine.
    /// - Parameter authority: the only authority to trust; `nil` for those that the system trusts.
    convenience init(
        port: Int, _ security: SMTPServer.Security = .none, as credentials: SMTPServer.Credentials? = nil,
        trusting authority: CertificateAuthority? = nil, connections: Int = 1
    ) {
        self.init(
            server: SMTPServer(host: "localhost", port: port, security: security, credentials: credentials),
            clientName: "example.com", connections: connections, certificateAuthorities: authority?.certificate)
    }
}
