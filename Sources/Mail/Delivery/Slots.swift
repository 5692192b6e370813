import Synchronization

/// Places for deliveries, as many as may be under way at once, and the entries that are in them.
final class Slots: Sendable {
    private struct State {
        var entries: Set<String> = []
        /// How many free places it takes to wake who waits, and how to.
        var waiter: (wanted: Int, continuation: CheckedContinuation<Void, Never>)?
    }

    private let state = Mutex(State())
    let count: Int

    init(_ count: Int) {
        self.count = count
    }

    /// How many are free: at least one, or all where that is asked for; waits until it is so. One may wait at a time,
    /// and it waits no longer than a delivery takes.
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
    func holds(_ entry: String) -> Bool { state.withLock { $0.entries.contains(entry) } }

    func take(_ entry: String) { state.withLock { _ = $0.entries.insert(entry) } }

    func giveBack(_ entry: String) {
        let woken = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.entries.remove(entry)
            guard let waiter = state.waiter, count - state.entries.count >= waiter.wanted else { return nil }
            state.waiter = nil
            return waiter.continuation
        }
        woken?.resume()
    }
}
