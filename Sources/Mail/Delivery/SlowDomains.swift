/// The recipients' domains that kept deliveries waiting a short time ago, and the share of deliveries that they may
/// have. A delivery to such a domain clears it.
struct SlowDomains: Sendable {
    /// The permission for a delivery.
    enum Permission: Equatable {
        /// No recipient has a slow domain.
        case free
        /// A recipient has a slow domain, and the delivery takes a part of their share until it ends.
        case shared
        /// The share is used up, or it is the turn of another domain.
        case held
    }

    /// The times of a slow domain's last events.
    private struct Times {
        var stall: ContinuousClock.Instant
        var begin: ContinuousClock.Instant?
        var hold: ContinuousClock.Instant?
    }

    private static let maximumDomainCount = 1000
    /// The time for which a domain counts as slow.
    private static let lifetime = Duration.seconds(300)
    /// The time for which a domain with a held delivery has its turn. Held jobs come back after a shorter time.
    private static let turn = Duration.seconds(10)

    private var domains = RecentTable<String, Times>(maximumCount: SlowDomains.maximumDomainCount)
    private let share: Int
    private var sharedCount = 0
    /// The time at which a delivery was last held back.
    private(set) var lastHold: ContinuousClock.Instant?

    /// - Parameter share: the maximum number of concurrent deliveries to slow domains.
    init(share: Int) {
        self.share = share
    }

    /// Decides whether a delivery may begin. After ``Permission/shared``, ``ended()`` must be called at its end.
    mutating func begin(to recipients: [String], at now: ContinuousClock.Instant) -> Permission {
        guard !domains.isEmpty else { return .free }
        let slow = recipients.filter { isSlow($0, at: now) }
        guard !slow.isEmpty else { return .free }
        let isHeld = sharedCount >= share || isOthersTurn(slow, at: now)
        for domain in slow {
            if isHeld { domains[domain]?.hold = now } else { domains[domain]?.begin = now }
        }
        guard !isHeld else {
            lastHold = now
            return .held
        }
        sharedCount += 1
        return .shared
    }

    /// Records the end of a delivery that had a part of the share.
    mutating func ended() { sharedCount -= 1 }

    /// Records that the domains keep a delivery waiting.
    /// - Parameter isShared: whether the delivery has a part of the share already. If not, it takes one now, even beyond
    ///   the share, and ``ended()`` must be called at its end.
    mutating func stalled(_ recipients: [String], isShared: Bool, at now: ContinuousClock.Instant) {
        for domain in recipients {
            let known = domains[domain]
            domains[domain] = Times(stall: now, begin: isShared ? known?.begin : now, hold: known?.hold)
        }
        if !isShared { sharedCount += 1 }
    }

    /// Records that messages to the domains were accepted.
    mutating func succeeded(_ recipients: [String]) {
        guard !domains.isEmpty else { return }
        for domain in recipients { domains[domain] = nil }
    }

    private func isSlow(_ domain: String, at now: ContinuousClock.Instant) -> Bool {
        domains[domain].map { now < $0.stall + SlowDomains.lifetime } ?? false
    }

    /// Whether a delivery to another slow domain was held back, and none began since that of these domains: a domain
    /// with many jobs must not take the whole share.
    private func isOthersTurn(_ slow: [String], at now: ContinuousClock.Instant) -> Bool {
        guard let latest = slow.compactMap({ domains[$0]?.begin }).max() else { return false }
        return domains.contains { domain, times in
            guard let hold = times.hold, now < hold + SlowDomains.turn, !slow.contains(domain) else { return false }
            return times.begin.map { $0 < latest } ?? true
        }
    }
}
