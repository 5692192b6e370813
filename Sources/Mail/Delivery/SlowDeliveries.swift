import MailQueue
import Net
import Synchronization

/// The deliveries under way, those of them that a server keeps waiting, and the domains of their recipients.
///
/// A server that judges recipients can be slow for one domain, and some keep a client waiting on purpose. Such
/// deliveries must not take all slots. So a delivery that waits at a recipient or later is parked, and further jobs for
/// the domain are held back. If as many are parked as may be, a first attempt that has not sent its content is ended
/// early, and tried again later.
final class SlowDeliveries: Sendable {
    /// The time without a line from the server after which a delivery is slow.
    private static let patience = Duration.seconds(2)
    /// The time for which a hold makes first attempts to slow domains end early.
    private static let holdMemory = Duration.seconds(10)

    /// A delivery under way.
    struct Flight: Sendable {
        let job: ClaimedJob
        let domains: [String]
        let progress = DeliveryProgress()
        fileprivate var isShared: Bool
        fileprivate var isSlow = false

        fileprivate init(of job: ClaimedJob, to domains: [String], isShared: Bool) {
            (self.job, self.domains, self.isShared) = (job, domains, isShared)
        }
    }

    private struct State {
        var flights: [String: Flight] = [:]
        var domains: SlowDomains
    }

    private let slots: Slots
    private let state: Mutex<State>

    init(slots: Slots) {
        self.slots = slots
        state = Mutex(State(domains: SlowDomains(share: slots.maximumParkedCount)))
    }

    /// Begins a delivery; `nil` if it is held back, because as many are being delivered to slow domains as may be.
    func begin(_ job: ClaimedJob, to recipients: [EmailAddress]) -> Flight? {
        let domains = recipients.count == 1 ? [recipients[0].domain] : Array(Set(recipients.map(\.domain)))
        return state.withLock { state in
            let permission = state.domains.begin(to: domains, at: .now)
            guard permission != .held else { return nil }
            let flight = Flight(of: job, to: domains, isShared: permission == .shared)
            state.flights[job.key] = flight
            return flight
        }
    }

    /// Ends a delivery.
    /// - Parameter isDelivered: whether the server accepted the message.
    func end(_ flight: Flight, isDelivered: Bool) {
        state.withLock { state in
            // The one in the table knows whether it has become slow.
            if state.flights.removeValue(forKey: flight.job.key)?.isShared == true { state.domains.ended() }
            if isDelivered { state.domains.succeeded(flight.domains) }
        }
    }

    /// Looks for deliveries that have become slow, and parks them or ends them early.
    /// - Returns: whether the server serves this client: it has accepted a sender.
    func check(at now: ContinuousClock.Instant) -> Bool {
        state.withLock { state in
            var isServing = false
            for (key, flight) in state.flights {
                let (step, since) = flight.progress.current
                guard step >= .recipient else { continue }
                isServing = true
                guard now >= since + SlowDeliveries.patience else { continue }
                if !flight.isSlow {
                    state.domains.stalled(flight.domains, isShared: flight.isShared, at: now)
                    state.flights[key]?.isSlow = true
                    state.flights[key]?.isShared = true
                }
                let isParked = slots.park(key)
                let isHoldingOthers = state.domains.lastHold.map { now < $0 + SlowDeliveries.holdMemory } ?? false
                // Once the content is sent, the message may be delivered, and would be sent twice. A later attempt has
                // the whole time, since some servers are slow but honest.
                if step < .content, flight.job.attempts == 0, !isParked || isHoldingOthers { flight.progress.end() }
            }
            return isServing
        }
    }
}
