/// A circuit breaker that keeps a worker from claiming jobs while no email can be delivered. The jobs stay in the
/// queue, where they keep their attempts and other workers can claim them.
///
/// Two causes open it. Each event brings its time, as the breaker has no clock.
///
/// - **The server is unavailable:** it fails three times in a row before it accepts a sender. Nothing is claimed for one
///   second, then one job is tried. If that fails, the pause doubles, up to 30 seconds. Any sign of life closes the
///   breaker, even if the server then refuses the email.
/// - **The server refuses this client,** as it seems, since it refuses several different recipients in a row. Nothing is
///   claimed for one second, then some jobs are tried: the first refused recipients can still be the exception, and
///   email that is accepted must not wait behind them. While all are refused, the pauses double, up to 30 seconds, and
///   the numbers of jobs between them quadruple, up to 1024. Only a delivery closes the breaker.
///
/// Each pause varies by ±20 %.
struct Breaker: Sendable {
    /// The jobs that may be claimed.
    enum Permission: Equatable {
        case all
        /// Up to a number of jobs.
        case some(Int)
        /// One job, and only while no other is being delivered.
        case one
        /// No job until the given time.
        case nothing(until: ContinuousClock.Instant)
    }

    /// The jobs that are tried between two pauses while the server seems to refuse this client.
    private struct Trial: Equatable {
        /// The number of refusals before the next pause.
        let size: Int
        var left: Int

        init(size: Int) {
            self.size = size
            left = size
        }
    }

    private enum State: Equatable {
        case closed(failures: Int)
        case open(until: ContinuousClock.Instant, pause: Duration, trial: Trial?)
    }

    private static let threshold = 3
    private static let firstPause = Duration.seconds(1)
    private static let longestPause = Duration.seconds(30)
    private static let firstTrialSize = 64
    private static let largestTrialSize = 1024
    /// The time after which a refusal ends a trial.
    private static let trialDuration = Duration.seconds(2)

    private var state = State.closed(failures: 0)

    func permission(at now: ContinuousClock.Instant) -> Permission {
        switch state {
        case .closed: .all
        case .open(let until, _, _) where now < until: .nothing(until: until)
        case .open(_, _, let trial): trial.map { .some($0.left) } ?? .one
        }
    }

    /// The time that is left of the pause; zero if there is none.
    func pauseLeft(at now: ContinuousClock.Instant) -> Duration {
        if case .open(let until, _, _) = state, now < until { until - now } else { .zero }
    }

    /// Records that a message was accepted.
    /// - Returns: whether this closed the breaker.
    mutating func succeeded() -> Bool {
        defer { state = .closed(failures: 0) }
        if case .open = state { return true }
        return false
    }

    /// Records that the server accepted a client and a sender, whatever it then answered.
    /// - Returns: whether this closed the breaker.
    mutating func lived() -> Bool {
        if case .open(_, _, .some) = state { return false }
        return succeeded()
    }

    /// Records that the server was unavailable.
    /// - Parameter jitter: a random number from 0 to 1.
    /// - Returns: the pause during which nothing is claimed, or `nil` if this did not open the breaker or extend its
    ///   pause.
    mutating func failed(at now: ContinuousClock.Instant, jitter: Double) -> Duration? {
        switch state {
        case .closed(let failures) where failures + 1 < Breaker.threshold:
            state = .closed(failures: failures + 1)
            return nil
        case .closed: return open(for: Breaker.firstPause, at: now, jitter)
        // This delivery began before the breaker opened.
        case .open(let until, _, _) where now < until: return nil
        case .open(_, let last, _): return open(for: last * 2, at: now, jitter)
        }
    }

    /// Records that the server refused an email, and several others before it, as if it refused this client.
    /// - Parameter jitter: a random number from 0 to 1.
    /// - Returns: the pause during which nothing is claimed, or `nil` if this did not begin one.
    mutating func refused(at now: ContinuousClock.Instant, jitter: Double) -> Duration? {
        switch state {
        case .open(let until, _, _) where now < until: return nil
        case .closed, .open(_, _, nil):
            return open(for: Breaker.firstPause, at: now, jitter, then: Trial(size: Breaker.firstTrialSize))
        case .open(let until, let last, .some(var trial)):
            trial.left -= 1
            if trial.left > 0, now < until + Breaker.trialDuration {
                state = .open(until: until, pause: last, trial: trial)
                return nil
            }
            let next = Trial(size: min(trial.size * 4, Breaker.largestTrialSize))
            return open(for: last * 2, at: now, jitter, then: next)
        }
    }

    private mutating func open(
        for pause: Duration, at now: ContinuousClock.Instant, _ jitter: Double, then trial: Trial? = nil
    ) -> Duration {
        let pause = min(pause, Breaker.longestPause)
        let jittered = pause * (0.8 + 0.4 * jitter)
        state = .open(until: now + jittered, pause: pause, trial: trial)
        return jittered
    }
}
