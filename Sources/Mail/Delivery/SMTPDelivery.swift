import MailMessage
import Net
import Synchronization

/// The delivery of one message by SMTP, in as many transfers as are of use.
///
/// - If a connection that was used before may be the cause of a failure, the message is sent again over a new one.
/// - If the server refuses one login mechanism, another one that it offers is tried.
/// - If it closes the connection at one of several recipients, the others get the message.
struct SMTPDelivery {
    private let message: MailMessage
    private let deadline: ContinuousClock.Instant
    private let transport: SMTPTransport
    private let progress: DeliveryProgress
    private let observe: (@Sendable (DeliveryStep) -> Void)?
    private var mechanism: String?

    /// - Parameter observe: called with each step.
    init(
        of message: MailMessage, until deadline: ContinuousClock.Instant, by transport: SMTPTransport,
        _ progress: DeliveryProgress, _ observe: (@Sendable (DeliveryStep) -> Void)?
    ) {
        self.message = message
        self.deadline = deadline
        self.transport = transport
        self.progress = progress
        self.observe = observe
        mechanism = transport.mechanism.withLock { $0 }
    }

    /// Delivers the message, and returns the outcome for all of its recipients.
    mutating func run() async -> DeliveryOutcome {
        var left = Array(message.recipients.indices)
        var lost: (positions: [Int], failure: DeliveryFailure?) = ([], nil)
        var result = await send(to: left)
        while left.count > 1, mayGoOn, let index = result.lostRecipient, left.indices.contains(index) {
            let earlier = result.outcome
            lost = (lost.positions + [left.remove(at: index)], earlier.failure)
            result = await send(to: left, onNewConnection: true)
            if result.outcome.failure?.stage == .session { return earlier }
        }
        var outcome = result.outcome
        if result.isOverUsedConnection, case .partial(let partial) = outcome, !partial.remaining.isEmpty, mayGoOn {
            let second = await send(to: partial.remaining.map { left[$0] }, onNewConnection: true)
            outcome = partial.merged(with: second.outcome)
        }
        guard let failure = lost.failure else { return outcome }
        return outcome.extended(from: left, by: lost.positions, failure, of: message.recipients.count)
    }

    private var mayGoOn: Bool { ContinuousClock.now < deadline && !progress.isEnded }

    /// Sends the message to the recipients at some positions.
    private mutating func send(to positions: [Int], onNewConnection isNew: Bool = false) async -> SMTPOutcome {
        let recipients = positions.map { message.recipients[$0] }
        var result = await transfer(to: recipients, onNewConnection: isNew)
        if result.isWorthNewConnection, mayGoOn {
            result = await transfer(to: recipients, onNewConnection: true)
        }
        if mechanism != nil, result.isLoginMissing, mayGoOn {
            use(nil)
            result = await transfer(to: recipients, onNewConnection: true)
        }
        if let alternative = result.alternativeMechanism, mayGoOn {
            mechanism = alternative
            result = await transfer(to: recipients, onNewConnection: true)
            // Later connections begin with what works. If nothing does, all that is offered is tried again.
            use(result.isAuthenticated ? alternative : nil)
        }
        return result
    }

    private mutating func use(_ mechanism: String?) {
        self.mechanism = mechanism
        transport.mechanism.withLock { $0 = mechanism }
    }

    private func transfer(to recipients: [EmailAddress], onNewConnection isNew: Bool) async -> SMTPOutcome {
        let end = await transport.transfer(
            message, to: recipients, onNewConnection: isNew, by: mechanism, until: deadline, progress, observe)
        return SMTPOutcome(of: end, recipients: recipients)
    }
}

extension PartialDelivery {
    /// Returns the outcome of this delivery, and of another to the remaining recipients of it.
    fileprivate func merged(with other: DeliveryOutcome) -> DeliveryOutcome {
        let refusedBefore = refusedCount - remaining.count
        switch other {
        case .delivered(let reply):
            guard refusedBefore > 0 else { return .delivered(reply) }
            return .partial(PartialDelivery(refusedCount: refusedBefore, remaining: [], failure: failure))
        case .partial(let later):
            return .partial(
                PartialDelivery(
                    refusedCount: refusedBefore + later.refusedCount,
                    remaining: later.remaining.map { remaining[$0] }, failure: later.failure))
        case .permanent(let failure):
            return .partial(PartialDelivery(refusedCount: refusedCount, remaining: [], failure: failure))
        case .transient(let failure), .ambiguous(let failure), .unavailable(let failure):
            return .partial(PartialDelivery(refusedCount: refusedCount, remaining: remaining, failure: failure))
        }
    }
}

extension DeliveryOutcome {
    /// Returns the outcome for all recipients of a message, of which this one is for those at some positions, and others
    /// still wait because the server closed the connection at them.
    fileprivate func extended(
        from positions: [Int], by lost: [Int], _ cause: DeliveryFailure, of count: Int
    ) -> DeliveryOutcome {
        switch self {
        case .delivered:
            return .partial(PartialDelivery(refusedCount: lost.count, remaining: lost.sorted(), failure: cause))
        case .partial(let partial):
            return .partial(
                PartialDelivery(
                    refusedCount: partial.refusedCount + lost.count,
                    remaining: (partial.remaining.map { positions[$0] } + lost).sorted(), failure: partial.failure))
        case .permanent(let failure) where failure.subject == .email:
            return .partial(PartialDelivery(refusedCount: count, remaining: lost.sorted(), failure: failure))
        // All recipients wait for the next attempt.
        case .permanent(let failure): return .transient(failure)
        case .transient, .ambiguous, .unavailable: return self
        }
    }
}
