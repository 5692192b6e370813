import NIOCore
import Testing

@testable import Redis

/// The rules for calls. Those for connections are in `RedisSessionTests+Connections.swift`.
@Suite
struct RedisSessionTests {
    /// A state of a session, reached by the shortest way.
    enum Situation: CaseIterable {
        case notStarted, connecting, connected, backingOff, connectingAgain, connectedAgain, lost, closed

        var session: SessionScenario {
            let session: SessionScenario =
                switch self {
                case .notStarted: SessionScenario()
                case .connecting: .connecting()
                case .connected, .lost, .closed: .ready()
                case .backingOff, .connectingAgain, .connectedAgain: .backingOff()
                }
            switch self {
            case .connectingAgain:
                _ = session.waited(50)
            case .connectedAgain:
                _ = session.waited(50)
                _ = session.connected(50)
            case .lost:
                _ = session.ended(.lost(.connectionLost(reason: "reset")), 0)
            case .closed:
                session.close()
            case .notStarted, .connecting, .connected, .backingOff:
                break
            }
            return session
        }

        /// The decision about a new call in it.
        func submission(of terms: CallTerms) -> RedisSession.Submission {
            switch self {
            case .notStarted: .refused(.unavailable(reason: "not connected yet"))
            case .connecting, .lost: .accepted(terms, .wait)
            case .connected, .connectedAgain: .accepted(terms, .send)
            case .backingOff, .connectingAgain: .refused(.unavailable(reason: "refused"))
            case .closed: .refused(.unavailable(reason: "the client is closed"))
            }
        }
    }

    @Test(
        "a call is sent, waits for a first connection, or is refused with the last failure",
        arguments: Situation.allCases)
    func place(situation: Situation) {
        #expect(situation.session.submit(50) == situation.submission(of: CallTerms(1050, 1050)))
    }

    @Test(
        "a call that is sent again goes where a new one would, with the rest of its time", arguments: Situation.allCases
    )
    func retry(situation: Situation) {
        #expect(
            situation.session.retry(CallTerms(250, 1000, mayRetry: true), 300)
                == situation.submission(of: CallTerms(1000, 1000)))
    }

    @Test(
        "a call is sent again only if it may be and has time left",
        arguments: [
            (CallTerms(250, 1000, mayRetry: true), 999, true), (CallTerms(250, 1000, mayRetry: true), 1000, false),
            (CallTerms(1000, 1000), 300, false),
        ] as [(CallTerms, Int64, Bool)])
    func mayRetry(terms: CallTerms, now: Int64, isAccepted: Bool) {
        #expect(
            SessionScenario.ready().retry(terms, now)
                == (isAccepted
                    ? .accepted(CallTerms(1000, 1000), .send) : .refused(.connectionLost(reason: "reset"))))
    }

    @Test(
        "an idempotent command gets a part of the timeout on a connection that is silent for more than 30 s",
        arguments: [
            (false, 0, nil, 1000, 1000), (true, 0, nil, 1000, 1000), (true, 0, -30_000, 1000, 1000),
            (true, 0, -30_001, 250, 1000), (false, 0, -30_001, 1000, 1000), (false, 5000, nil, 6000, 6000),
            (true, 5000, -30_001, 250, 6000),
        ] as [(Bool, Int64, Int64?, Int64, Int64)])
    func deadlines(isIdempotent: Bool, blockingTime: Int64, silentSince: Int64?, deadline: Int64, end: Int64) {
        let session = SessionScenario.ready()
        #expect(
            session.submit(isIdempotent: isIdempotent, blockingFor: blockingTime, silentSince: silentSince)
                == .accepted(CallTerms(deadline, end, mayRetry: isIdempotent), .send))
    }

    @Test(
        "that part is a quarter or 200 ms, whichever is longer, but at most half",
        arguments: [(10, 5), (300, 150), (400, 200), (600, 200), (800, 200), (1000, 250), (4000, 1000), (30_000, 7500)]
            as [(Int64, Int64)])
    func suspectTimeout(timeout: Int64, part: Int64) {
        let session = SessionScenario.ready(timeout: .milliseconds(timeout))
        #expect(
            session.submit(isIdempotent: true, silentSince: -60_000)
                == .accepted(CallTerms(part, timeout, mayRetry: true), .send))
    }

    @Test("a caller without time left gets a timeout, and a later deadline of a caller changes nothing")
    func limit() {
        let session = SessionScenario.ready()
        #expect(session.submit(100, by: 99) == .refused(.timeout))
        #expect(session.submit(100, by: 100) == .refused(.timeout))
        #expect(session.submit(100, by: 101) == .accepted(CallTerms(1100, 1100, limit: 101), .send))
        #expect(SessionScenario.backingOff().submit(by: 0) == .refused(.timeout))
    }

    @Test("16,384 calls may be without a result; refused calls do not count")
    func maximumCallCount() {
        let session = SessionScenario()
        #expect(session.submit() == .refused(.unavailable(reason: "not connected yet")))
        _ = session.start()
        let waiting = RedisSession.Submission.accepted(CallTerms(1000, 1000), .wait)
        #expect((0..<16_384).allSatisfy { _ in session.submit() == waiting })
        let refused = RedisSession.Submission.refused(.unavailable(reason: "16384 commands are already waiting"))
        #expect(session.submit() == refused)
        #expect(session.submit(by: -1) == refused)
        _ = session.completed(.failure(.timeout))
        #expect(session.submit() == waiting)
        #expect(session.submit() == refused)
    }
}

// MARK: - Replies

extension RedisSessionTests {
    @Test(
        "while Redis is available, no result has a consequence",
        arguments: [
            .success(.status("OK")), .success(.null), .success(.error("OOM command not allowed")),
            .success(.error("ERR READONLY")), .failure(.timeout), .failure(.connectionLost(reason: "reset")),
        ] as [CallResult])
    func unremarkable(result: CallResult) {
        let session = SessionScenario.ready()
        _ = session.submit()
        #expect(session.completed(result) == .nothing)
        #expect(session.submit() == .accepted(CallTerms(1000, 1000), .send))
    }

    @Test("the first reply that is no error ends an outage, once")
    func recovery() {
        let session = Situation.connectedAgain.session
        for _ in 1...4 { _ = session.submit(60) }
        #expect(session.completed(.failure(.timeout), 60) == .nothing)
        #expect(session.completed(.success(.error("LOADING Redis is loading")), 60) == .nothing)
        #expect(session.completed(.success(.null), 70) == .available(after: .milliseconds(70)))
        #expect(session.completed(.success(.null), 80) == .nothing)
    }

    @Test("the first reply after a sleep ends the outage from before it")
    func recoveryAfterSleep() {
        let session = SessionScenario.backingOff()
        _ = session.submit(10_000)
        #expect(session.connected(10_010))
        #expect(session.completed(.success(.null), 10_020) == .available(after: .milliseconds(10_020)))
    }
}
