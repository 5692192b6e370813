/// A circuit breaker that keeps a worker from claiming jobs while the mail server is unavailable. The jobs stay in the
/// stream, where they keep their attempts and other workers can claim them.
///
/// After three consecutive failures the breaker opens, and nothing is claimed for one second. Then one job is tried. If
/// it fails, the pause doubles, up to 30 seconds; otherwise the breaker closes. Each pause varies by ±20 %. The breaker
/// has no clock: each event brings its time.
struct Breaker: Sendable {
    /// The jobs that may be claimed.
    enum Permission: Equatable {
        case all
        /// One job, and only while no other is being delivered.
        case one
        /// No job until the given time.
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

    /// Records that the server was available, even if it refused a message.
    /// - Returns: whether this closed the breaker.
    mutating func succeeded() -> Bool {
        defer { state = .closed(failures: 0) }
        if case .open = state { return true }
        return false
    }

    /// Records that the server was unavailable.
    /// - Parameter jitter: a random number from 0 to 1.
    /// - Returns: the pause during which nothing is claimed, or `nil` if this did not open the breaker or extend its
    ///   pause.
    mutating func failed(at now: ContinuousClock.Instant, jitter: Double) -> Duration? {
        let pause: Duration
        switch state {
        case .closed(let failures) where failures + 1 < Breaker.threshold:
            state = .closed(failures: failures + 1)
            return nil
        case .closed:
            pause = Breaker.firstPause
        case .open(let until, _) where now < until:
            // This delivery began before the breaker opened.
            return nil
        case .open(_, let last):
            pause = min(last * 2, Breaker.longestPause)
        }
        let jittered = pause * (0.8 + 0.4 * jitter)
        state = .open(until: now + jittered, pause: pause)
        return jittered
    }
}
