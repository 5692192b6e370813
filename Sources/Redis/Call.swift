import NIOCore

/// How a call ended: a reply, which may be an error reply, or none.
typealias CallResult = Result<RESPValue, RedisError>

/// A command on its way, and who waits for its reply.
struct Call {
    let command: RedisCommand
    /// By when the reply must have come on the present connection.
    var deadline: NIODeadline
    /// By when it must have come at all: later, where another connection may be tried.
    let end: NIODeadline
    /// Whether the command may be sent once more where it is unknown whether it was carried out.
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

    /// Appends a call whose reply comes behind those of the calls before it: where they have later deadlines they get
    /// its own, as none can outlast it.
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

    /// Sees to it that `check` is called when the first call is due, or earlier. One timer serves all: it is not moved
    /// when a later call becomes the first, but set anew by the check that it brings about.
    mutating func arm(on eventLoop: any EventLoop, _ check: @escaping () -> Void) {
        guard let first = calls.first else { return }
        if let timer {
            guard first.deadline < timer.fires else { return }
            timer.scheduled.cancel()
        }
        timer = (first.deadline, eventLoop.assumeIsolated().scheduleTask(deadline: first.deadline, check))
    }

    /// To be called first by the check.
    mutating func timerFired() { timer = nil }

    /// Whether the first call's time is up.
    func isOverdue(at now: NIODeadline) -> Bool {
        calls.first.map { $0.deadline <= now } ?? false
    }
}
