import Synchronization

/// The slots for concurrent deliveries, and the keys of the entries that occupy them.
final class Slots: Sendable {
    private struct State {
        var entries: Set<String> = []
        /// The waiting task, and the number of free slots that it waits for.
        var waiter: (wanted: Int, continuation: CheckedContinuation<Void, Never>)?
    }

    private let state = Mutex(State())
    /// The number of slots.
    let count: Int

    init(_ count: Int) {
        self.count = count
    }

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
    func holds(_ entry: String) -> Bool { state.withLock { $0.entries.contains(entry) } }

    /// Occupies a slot with an entry.
    func take(_ entry: String) { state.withLock { _ = $0.entries.insert(entry) } }

    /// Frees an entry's slot.
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
