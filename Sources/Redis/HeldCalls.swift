import NIOCore

/// Calls that are held until the next connection, each with a timer for its deadline. It must be used only on its event
/// loop.
final class HeldCalls {
    private let eventLoop: any EventLoop
    private var calls: [Int: (call: Call, timer: Scheduled<Void>)] = [:]
    private var nextNumber = 0

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// Adds a call.
    /// - Parameter expired: called on the event loop with the call at its deadline, unless it was removed before.
    func append(_ call: Call, _ expired: @escaping (Call) -> Void) {
        let number = nextNumber
        nextNumber += 1
        let deadline = min(call.terms.end, call.terms.limit ?? call.terms.end)
        let timer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            guard let held = self?.calls.removeValue(forKey: number) else { return }
            expired(held.call)
        }
        calls[number] = (call, timer)
    }

    /// Removes all calls, and returns them in the order in which they were added.
    func removeAll() -> [Call] {
        defer { calls = [:] }
        return calls.sorted { $0.key < $1.key }.map { _, held in
            held.timer.cancel()
            return held.call
        }
    }
}
