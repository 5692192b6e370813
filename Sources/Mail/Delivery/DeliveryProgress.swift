import Synchronization

/// The progress of a delivery that is under way, shared between the transport and an observer, who can end the
/// delivery.
package final class DeliveryProgress: Sendable {
    private struct State {
        var step = SMTPDialogue.Step.connection
        var since = ContinuousClock.now
        var isEnded = false
    }

    private let state = Mutex(State())

    /// Whether ``end()`` was called. The transport then ends the delivery within a second.
    var isEnded: Bool { state.withLock { $0.isEnded } }

    /// Ends the delivery, as if its deadline had passed.
    func end() { state.withLock { $0.isEnded = true } }

    /// Records that a step has begun, or that a reply to it has arrived.
    func advance(to step: SMTPDialogue.Step) {
        state.withLock { state in
            state.step = step
            state.since = .now
        }
    }

    /// The current step, and the time of the last line of either side.
    var current: (step: SMTPDialogue.Step, since: ContinuousClock.Instant) {
        state.withLock { ($0.step, $0.since) }
    }
}
