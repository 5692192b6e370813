import NIOCore

/// Calls in the order of their deadlines, with a timer for the first.
struct CallQueue {
    private var calls = CircularBuffer<Call>()
    private var timer: (fires: NIODeadline, scheduled: Scheduled<Void>)?

    /// Appends a call; its deadline is no earlier than those of the calls before it.
    mutating func append(_ call: Call) { calls.append(call) }

    /// Appends a call whose reply comes after those of the calls before it. Earlier calls with later deadlines get its
    /// deadline, because when it is overdue, the connection ends for all of them.
    mutating func appendInPipeline(_ call: Call) {
        for index in calls.indices.reversed() {
            guard calls[index].terms.deadline > call.terms.deadline else { break }
            calls[index].terms.deadline = call.terms.deadline
        }
        calls.append(call)
    }

    var isEmpty: Bool { calls.isEmpty }

    mutating func removeFirst() -> Call? { calls.popFirst() }

    mutating func removeAll() -> [Call] {
        timer?.scheduled.cancel()
        timer = nil
        defer { calls.removeAll() }
        return Array(calls)
    }

    /// Schedules `check` for the deadline of the first call, or earlier. One timer serves all calls: it is not moved
    /// when a call with a later deadline becomes the first; the early check then schedules the next one.
    mutating func arm(on eventLoop: any EventLoop, _ check: @escaping () -> Void) {
        guard let first = calls.first else { return }
        if let timer {
            guard first.terms.deadline < timer.fires else { return }
            timer.scheduled.cancel()
        }
        timer = (first.terms.deadline, eventLoop.assumeIsolated().scheduleTask(deadline: first.terms.deadline, check))
    }

    /// Records that the timer fired. Every check must call it first.
    mutating func timerFired() { timer = nil }

    /// Whether the deadline of the first call has passed.
    func isOverdue(at now: NIODeadline) -> Bool {
        calls.first.map { $0.terms.deadline <= now } ?? false
    }
}
