import NIOCore

/// The result of a call: a reply, which may be an error reply, or the error that prevented one.
typealias CallResult = Result<RESPValue, RedisError>

/// A command that is waiting or in flight, and the closure that receives its result.
struct Call {
    let command: RedisCommand
    /// The latest time for the reply on the current connection.
    var deadline: NIODeadline
    /// The latest time for the reply on any connection: later than ``deadline`` if another connection may be tried.
    let end: NIODeadline
    /// Whether the command may be sent again if it is unknown whether Redis carried it out.
    var mayRetry: Bool
    /// Called exactly once, on the event loop.
    let complete: (CallResult) -> Void

    init(
        command: RedisCommand, deadline: NIODeadline, end: NIODeadline? = nil, mayRetry: Bool,
        complete: @escaping (CallResult) -> Void
    ) {
        self.command = command
        self.deadline = deadline
        self.end = end ?? deadline
        self.mayRetry = mayRetry
        self.complete = complete
    }
}

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
            guard calls[index].deadline > call.deadline else { break }
            calls[index].deadline = call.deadline
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
            guard first.deadline < timer.fires else { return }
            timer.scheduled.cancel()
        }
        timer = (first.deadline, eventLoop.assumeIsolated().scheduleTask(deadline: first.deadline, check))
    }

    /// Records that the timer fired. Every check must call it first.
    mutating func timerFired() { timer = nil }

    /// Whether the deadline of the first call has passed.
    func isOverdue(at now: NIODeadline) -> Bool {
        calls.first.map { $0.deadline <= now } ?? false
    }
}
