import NIOCore

@testable import Redis

/// Returns the time that is `milliseconds` after the start of a test, or before it if that is negative.
func at(_ milliseconds: Int64) -> NIODeadline {
    .uptimeNanoseconds(0) + .seconds(1_000) + .milliseconds(milliseconds)
}

extension CallTerms {
    /// The terms of a call, in milliseconds after the start of a test.
    init(_ deadline: Int64, _ end: Int64, limit: Int64? = nil, mayRetry: Bool = false) {
        self.init(deadline: at(deadline), end: at(end), limit: limit.map(at), mayRetry: mayRetry)
    }
}

/// A session in a test. Its methods return what the session's do, which `#expect` cannot call itself, because the
/// session is not copyable. All times are in milliseconds after the start of the test.
final class SessionScenario {
    private var session: RedisSession

    init(timeout: TimeAmount = .seconds(1)) {
        session = RedisSession(timeout: timeout, suspicionDelay: .seconds(30))
    }

    /// A session that started to connect at 0.
    static func connecting() -> SessionScenario {
        let session = SessionScenario()
        _ = session.start()
        return session
    }

    /// A session with a connection, made at 0.
    static func ready(timeout: TimeAmount = .seconds(1)) -> SessionScenario {
        let session = SessionScenario(timeout: timeout)
        _ = session.start()
        _ = session.connected(0)
        return session
    }

    /// A session whose first attempt to connect failed at 0 because of "refused", and which waits until 50 before the
    /// next.
    static func backingOff() -> SessionScenario {
        let session = connecting()
        _ = session.attemptFailed("refused", 0)
        session.waits(until: 50)
        return session
    }

    var refusal: RedisError { session.refusal }

    func start() -> Availability.Action { session.start(now: at(0)) }

    func close() { session.close() }

    func submit(
        _ now: Int64 = 0, isIdempotent: Bool = false, blockingFor blockingTime: Int64 = 0, by limit: Int64? = nil,
        silentSince: Int64? = nil
    ) -> RedisSession.Submission {
        session.submit(
            isIdempotent: isIdempotent, blockingFor: .milliseconds(blockingTime), by: limit.map(at),
            silentSince: silentSince.map(at), now: at(now))
    }

    func retry(_ terms: CallTerms, _ now: Int64) -> RedisSession.Submission {
        session.retry(terms, after: "reset", now: at(now))
    }

    func completed(_ result: CallResult, _ now: Int64 = 0) -> RedisSession.Completion {
        session.completed(result, now: at(now))
    }

    /// Decides about a call that was answered with an error, without jitter.
    func refused(
        _ message: String, _ now: Int64, terms: CallTerms = CallTerms(20_000, 20_000), after refusalCount: Int = 0,
        isCurrent: Bool = true
    ) -> Refusal {
        let (fate, departure) = session.refused(
            ErrorReply(message), terms, refusalCount: refusalCount, isCurrent: isCurrent, jitter: 0, now: at(now))
        return Refusal(fate: fate, departure: departure)
    }

    struct Refusal: Equatable {
        let fate: RedisSession.Fate
        var departure: RedisSession.Departure?
    }

    func resend(_ terms: CallTerms) -> CallTerms? { session.resend(terms) }

    func connected(_ now: Int64) -> Bool { session.connected(now: at(now)) }

    func attemptFailed(_ reason: String, _ now: Int64) -> RedisSession.FailedAttempt {
        session.attemptFailed(reason, now: at(now))
    }

    func waits(until due: Int64) { session.waits(until: at(due)) }

    func waited(_ now: Int64) -> Availability.Action { session.waited(now: at(now)) }

    func ended(_ end: ConnectionEnd, first: CallTerms? = nil, _ now: Int64) -> RedisSession.Ending {
        session.ended(end, first: first, now: at(now))
    }
}
