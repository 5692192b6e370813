/// Whether commands can be sent, and what is to be done about it if not. It does nothing itself: each event's method
/// says what its caller is to do.
///
/// While an attempt to connect is under way that none has failed before, callers may wait for it. Once one has failed
/// they are refused at once, until there is a connection. What was lost or slept through does not count as a failure.
struct Availability {
    enum State: Equatable {
        case idle
        /// An attempt is under way; `failures` counts those that failed before it.
        case connecting(failures: Int)
        /// There is a connection; `failures` is not 0 until a command has succeeded on it.
        case ready(failures: Int)
        case backingOff(failures: Int)
        case closed
    }

    /// What the caller is to do.
    enum Action: Equatable {
        case connect
        /// Wait, then call ``waited()``. `exponent` counts up with each failure.
        case wait(exponent: Int)
        case nothing
    }

    private(set) var state = State.idle

    /// Whether a command may be sent now.
    var isReady: Bool { if case .ready = state { true } else { false } }

    /// Whether a command may wait for a connection.
    var mayWait: Bool { state == .connecting(failures: 0) }

    /// How many attempts have failed since a command succeeded.
    var failures: Int {
        switch state {
        case .connecting(let failures), .backingOff(let failures), .ready(let failures): failures
        case .idle, .closed: 0
        }
    }

    mutating func start() -> Action {
        guard state == .idle else { return .nothing }
        state = .connecting(failures: 0)
        return .connect
    }

    /// An attempt succeeded.
    mutating func connected() {
        guard case .connecting(let failures) = state else { return }
        state = .ready(failures: failures)
    }

    /// A command succeeded: the connection is of use.
    mutating func succeeded() {
        if case .ready = state { state = .ready(failures: 0) }
    }

    /// An attempt failed, or a connection turned out to be of no use.
    mutating func failed() -> Action {
        switch state {
        case .connecting, .ready:
            let failures = self.failures + 1
            state = .backingOff(failures: failures)
            return .wait(exponent: failures - 1)
        case .idle, .backingOff, .closed:
            return .nothing
        }
    }

    /// The connection ended by itself, as after a restart or a long silence: a new one is due at once, and worth
    /// waiting for, whatever was before: Redis answered when this one was made.
    mutating func lost() -> Action {
        guard case .ready = state else { return .nothing }
        state = .connecting(failures: 0)
        return .connect
    }

    /// The time that ``Action/wait(exponent:)`` asked for has passed.
    mutating func waited() -> Action {
        guard case .backingOff(let failures) = state else { return .nothing }
        state = .connecting(failures: failures)
        return .connect
    }

    /// The process slept, as function runtimes have it do, past what it was waiting for: nothing is known of Redis now.
    mutating func awoke() -> Action {
        switch state {
        case .backingOff:
            state = .connecting(failures: 0)
            return .connect
        case .connecting:
            state = .connecting(failures: 0)
            return .nothing
        case .idle, .ready, .closed:
            return .nothing
        }
    }

    mutating func close() {
        state = .closed
    }
}
