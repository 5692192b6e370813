import NIOCore

/// The availability of Redis: whether commands can be sent, and the next step towards a connection if not. It performs
/// no I/O: the method for each event returns the action that its caller must take.
///
/// Commands may wait for an attempt to connect if no attempt failed before it. After a failed attempt they are refused
/// at once, until there is a connection. A sleep of the process does not count as a failure. Neither does a lost
/// connection, unless it is one too many in a row that were lost as soon as they were made; nor a server that is left
/// because it is the wrong one, unless another was left shortly before.
struct Availability {
    /// The maximum number of useless connections in a row that are replaced at once. A server that accepts connections
    /// and drops them would otherwise be connected to without a pause.
    static let maximumUselessCount = 3
    /// The age below which a lost connection is useless, if no reply has come on it.
    static let uselessAge = TimeAmount.milliseconds(100)
    /// The time after which a server that is left is replaced at once again. Within it, leaving another counts as a
    /// failure: the configured address keeps leading to the wrong server.
    static let leavingInterval = TimeAmount.seconds(2)

    enum State: Equatable {
        /// Not started yet.
        case idle
        /// An attempt is under way; `failures` is the number of failed attempts before it.
        case connecting(failures: Int)
        /// There is a connection; `failures` is reset to 0 by the first command that succeeds on it.
        case ready(failures: Int)
        /// The wait before the next attempt.
        case backingOff(failures: Int)
        /// Closed for good.
        case closed
    }

    /// The action that the caller must take.
    enum Action: Equatable {
        /// Start an attempt to connect.
        case connect
        /// Wait, then call ``waited()``. `exponent` is 0 after the first failure, and grows by 1 with each further one.
        case wait(exponent: Int)
        /// Do nothing.
        case nothing
    }

    private(set) var state = State.idle
    /// The time at which the current connection was made; `nil` once a reply has come on it.
    private var unprovenSince: NIODeadline?
    /// The number of connections in a row that were lost as soon as they were made.
    private var uselessCount = 0
    /// The time at which a server was last left.
    private var lastLeft: NIODeadline?

    /// Whether a command may be sent now.
    var isReady: Bool { if case .ready = state { true } else { false } }

    /// Whether a command may wait for a connection.
    var mayWait: Bool { state == .connecting(failures: 0) }

    /// The number of failures since a command last succeeded.
    var failures: Int {
        switch state {
        case .connecting(let failures), .backingOff(let failures), .ready(let failures): failures
        case .idle, .closed: 0
        }
    }

    /// Starts the first attempt to connect.
    mutating func start() -> Action {
        guard state == .idle else { return .nothing }
        state = .connecting(failures: 0)
        return .connect
    }

    /// Records that an attempt to connect succeeded.
    mutating func connected(at now: NIODeadline) {
        guard case .connecting(let failures) = state else { return }
        state = .ready(failures: failures)
        unprovenSince = now
    }

    /// Records that a reply came, which may be an error: the connection is not useless.
    mutating func replied() {
        guard isReady else { return }
        unprovenSince = nil
        uselessCount = 0
    }

    /// Records that a command succeeded, so that the connection is known to work.
    mutating func succeeded() {
        if case .ready = state { state = .ready(failures: 0) }
    }

    /// Records that an attempt to connect failed, or that a connection does not work.
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

    /// Records that the connection ended by itself, as after a restart or a long silence. A new attempt starts at once,
    /// and commands may wait for it even if earlier attempts failed, because Redis answered when this connection was
    /// made. After ``maximumUselessCount`` useless connections in a row, a further one counts as a failure.
    mutating func lost(at now: NIODeadline) -> Action {
        guard isReady else { return .nothing }
        let isUseless = unprovenSince.map { now - $0 < Availability.uselessAge } ?? false
        uselessCount = isUseless ? uselessCount + 1 : 0
        guard uselessCount <= Availability.maximumUselessCount else { return failed() }
        state = .connecting(failures: 0)
        return .connect
    }

    /// Records that the connection leads to the wrong server, and is left. A new attempt starts at once, and commands may
    /// wait for it. If that leads to the wrong server, too, it counts as a failure.
    mutating func left(at now: NIODeadline) -> Action {
        guard isReady else { return .nothing }
        defer { lastLeft = now }
        let isRepeated = lastLeft.map { now - $0 < Availability.leavingInterval } ?? false
        guard failures == 0, !isRepeated else { return failed() }
        state = .connecting(failures: 0)
        return .connect
    }

    /// Records that the wait of ``Action/wait(exponent:)`` is over.
    mutating func waited() -> Action {
        guard case .backingOff(let failures) = state else { return .nothing }
        state = .connecting(failures: failures)
        return .connect
    }

    /// Records that the process slept past the end of an attempt or a wait, as it does in function runtimes. Earlier
    /// failures are forgotten, because they say nothing about Redis now.
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

    /// Closes for good: no later event has an effect.
    mutating func close() {
        state = .closed
    }
}
