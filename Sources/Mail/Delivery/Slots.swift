import Synchronization

/// The slots for concurrent deliveries, and the keys of the entries that occupy them.
///
/// A delivery that a server keeps waiting can be parked: it goes on, and its slot is free for another. The number of
/// parked deliveries is a quarter of that of slots, so that the sum is bounded, too.
final class Slots: Sendable {
    private struct State {
        var entries: Set<String> = []
        var parked: Set<String> = []
        /// The waiting task, and the number of free slots that it waits for.
        var waiter: (wanted: Int, continuation: CheckedContinuation<Void, Never>)?
    }

    private let state = Mutex(State())
    /// The number of slots.
    let count: Int
    /// The maximum number of parked deliveries.
    let maximumParkedCount: Int

    init(_ count: Int) {
        self.count = count
        maximumParkedCount = Slots.maximumParkedCount(of: count)
    }

    /// The maximum number of deliveries that can be parked in addition to those in slots: a quarter of their number, at
    /// least one.
    static func maximumParkedCount(of count: Int) -> Int { max(1, count / 4) }

    /// Waits until a slot is free, or all slots if `all` is true. This takes at most as long as a delivery. Only one
    /// task may wait at a time.
    /// - Returns: the number of free slots.
    func free(all: Bool = false) async -> Int {
        let wanted = all ? count : 1
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if count - state.entries.count >= wanted { return true }
                state.waiter = (wanted, continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
        return state.withLock { count - $0.entries.count }
    }

    /// Whether an entry is being delivered.
    func holds(_ entry: String) -> Bool {
        state.withLock { $0.entries.contains(entry) || $0.parked.contains(entry) }
    }

    /// Occupies a slot with an entry.
    func take(_ entry: String) { state.withLock { _ = $0.entries.insert(entry) } }

    /// Parks an entry's delivery, and frees its slot.
    /// - Returns: whether it is parked; `false` if as many are parked as may be, or the entry has no slot.
    func park(_ entry: String) -> Bool {
        let (isParked, woken) = state.withLock { state in
            guard state.parked.count < maximumParkedCount, state.entries.remove(entry) != nil else {
                return (state.parked.contains(entry), CheckedContinuation<Void, Never>?.none)
            }
            state.parked.insert(entry)
            return (true, takeWaiter(of: &state))
        }
        woken?.resume()
        return isParked
    }

    /// Frees an entry's slot, or ends its parking.
    func giveBack(_ entry: String) {
        let woken = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.entries.remove(entry) == nil { state.parked.remove(entry) }
            return takeWaiter(of: &state)
        }
        woken?.resume()
    }

    /// Removes and returns the waiting task if there are as many free slots as it waits for.
    private func takeWaiter(of state: inout State) -> CheckedContinuation<Void, Never>? {
        guard let waiter = state.waiter, count - state.entries.count >= waiter.wanted else { return nil }
        state.waiter = nil
        return waiter.continuation
    }
}
