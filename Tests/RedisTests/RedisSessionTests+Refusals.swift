import NIOCore
import Testing

@testable import Redis

// MARK: - Error replies

extension RedisSessionTests {
    private static let readOnly = "READONLY You can't write against a read only replica."

    @Test("a server that became a replica is left at once, and its call is sent on the next connection")
    func replica() {
        let session = SessionScenario.ready()
        let terms = CallTerms(11_000, 11_000)
        for _ in 1...3 { _ = session.submit(10_000) }
        let left = RedisSession.Departure.replace(reason: Self.readOnly, .connect)
        #expect(session.refused(Self.readOnly, 10_000, terms: terms) == .init(fate: .hold, departure: left))
        #expect(session.resend(terms) == nil)
        // Replies to the commands that were sent before.
        #expect(session.refused(Self.readOnly, 10_000, terms: terms, isCurrent: false) == .init(fate: .hold))
        #expect(session.completed(.success(.null), 10_000) == .nothing)
        // Others may wait for the new connection.
        #expect(session.submit(10_000) == .accepted(CallTerms(11_000, 11_000), .wait))
        #expect(session.connected(10_050))
        #expect(session.resend(CallTerms(10_200, 11_000, mayRetry: true)) == CallTerms(11_000, 11_000, mayRetry: true))
    }

    @Test("if the next server is a replica, too, it is an outage, and attempts follow with pauses")
    func stillReplica() {
        let session = SessionScenario.ready()
        for _ in 1...2 { _ = session.submit(10_000) }
        _ = session.refused(Self.readOnly, 10_000)
        _ = session.connected(10_050)
        let outage = RedisSession.Outage(reason: Self.readOnly, isNew: true, next: .wait(exponent: 0))
        #expect(
            session.refused(Self.readOnly, 10_060) == .init(fate: .hold, departure: .unavailable(outage)))
        #expect(session.submit(10_060) == .refused(.unavailable(reason: Self.readOnly)))
        session.waits(until: 10_110)
        #expect(session.waited(10_110) == .connect)
        _ = session.connected(10_120)
        let longer = RedisSession.Outage(reason: Self.readOnly, isNew: false, next: .wait(exponent: 1))
        #expect(
            session.refused(Self.readOnly, 10_130) == .init(fate: .hold, departure: .unavailable(longer)))
    }

    @Test("reads that succeed at a replica do not make the client connect without a pause")
    func readsAtReplica() {
        let session = SessionScenario.ready()
        _ = session.submit(10_000)
        _ = session.refused(Self.readOnly, 10_000)
        for time in stride(from: Int64(10_050), to: 11_950, by: 100) {
            _ = session.connected(time)
            _ = session.submit(time)
            _ = session.completed(.success(.null), time)
            guard case .unavailable? = session.refused(Self.readOnly, time + 1).departure else {
                Issue.record("left without a pause at \(time)")
                return
            }
            session.waits(until: time + 50)
            _ = session.waited(time + 50)
        }
    }

    @Test("a busy server is asked again after pauses that double, on the same connection")
    func busy() {
        let session = SessionScenario.ready()
        for (count, pause) in [(0, 10), (1, 20), (2, 40), (4, 160), (5, 200), (50, 200)] as [(Int, Int64)] {
            #expect(
                session.refused("LOADING Redis is loading", 1000, after: count)
                    == .init(fate: .again(at: at(1000 + pause))))
        }
        #expect(session.submit(1000) == .accepted(CallTerms(2000, 2000), .send))
    }

    @Test(
        "a call that would be sent again after its deadline, or its caller's, is answered with the error",
        arguments: [CallTerms(1010, 1010), CallTerms(5000, 5000, limit: 1010), CallTerms(1000, 1000)])
    func noTimeLeft(terms: CallTerms) {
        let session = SessionScenario.ready()
        #expect(session.refused("TRYAGAIN Multiple keys request", 1000, terms: terms) == .init(fate: .answer))
        #expect(session.refused("MOVED 1 10.0.0.1:6379", 1010, terms: terms).fate == .answer)
    }

    @Test(
        "an error that does not say that another try may succeed is the answer",
        arguments: ["OOM command not allowed", "NOPERM this user", "ERR syntax error", "NOSCRIPT No matching script"])
    func answered(message: String) {
        #expect(SessionScenario.ready().refused(message, 10) == .init(fate: .answer))
    }
}
