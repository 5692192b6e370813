/// Keeps a worker from claiming jobs while the mail server serves nobody: they stay in the stream, where they keep
/// their attempts, and where other workers find them.
///
/// After three failures in a row it is open: nothing is claimed for a while. Then one job is tried; if that fails the
/// while is longer, twice as long each time up to half a minute, and if it does not the breaker is closed. It holds no
/// clock: each event brings its time.
struct Breaker: Sendable {
    /// What may be claimed.
    enum Permission: Equatable {
        case all
        /// One job, and only where none is being delivered.
        case one
        /// Nothing until then.
        case nothing(until: ContinuousClock.Instant)
    }

    private enum State: Equatable {
        case closed(failures: Int)
        case open(until: ContinuousClock.Instant, pause: Duration)
    }

    private static let threshold = 3
    private static let firstPause = Duration.seconds(1)
    private static let longestPause = Duration.seconds(30)

    private var state = State.closed(failures: 0)

    func permission(at now: ContinuousClock.Instant) -> Permission {
        switch state {
        case .closed: .all
        case .open(let until, _): now < until ? .nothing(until: until) : .one
        }
    }

    /// The server served somebody, if only by refusing one message.
    /// - Returns: whether that closed the breaker.
    mutating func succeeded() -> Bool {
        defer { state = .closed(failures: 0) }
        if case .open = state { return true }
        return false
    }

    /// The server served nobody.
    /// - Parameter jitter: from 0 to 1, random.
    /// - Returns: for how long nothing will be claimed, where this opened the breaker or kept it open.
    mutating func failed(at now: ContinuousClock.Instant, jitter: Double) -> Duration? {
        let pause: Duration
        switch state {
        case .closed(let failures) where failures + 1 < Breaker.threshold:
            state = .closed(failures: failures + 1)
            return nil
        case .closed:
            pause = Breaker.firstPause
        case .open(let until, _) where now < until:
            // One of those that were on their way when it opened.
            return nil
        case .open(_, let last):
            pause = min(last * 2, Breaker.longestPause)
        }
        let jittered = pause * (0.8 + 0.4 * jitter)
        state = .open(until: now + jittered, pause: pause)
        return jittered
    }
}
