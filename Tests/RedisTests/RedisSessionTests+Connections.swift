import NIOCore
import Testing

@testable import Redis

// MARK: - Attempts to connect

extension RedisSessionTests {
    @Test("an outage is reported at its first failure, and its end with the time since then")
    func outage() {
        let session = SessionScenario.connecting()
        #expect(
            session.attemptFailed("refused", 10)
                == .unavailable(.init(reason: "refused", isNew: true, next: .wait(exponent: 0))))
        #expect(session.refusal == .unavailable(reason: "refused"))
        session.waits(until: 60)
        #expect(session.waited(60) == .connect)
        #expect(
            session.attemptFailed("no route", 70)
                == .unavailable(.init(reason: "no route", isNew: false, next: .wait(exponent: 1))))
        #expect(session.refusal == .unavailable(reason: "no route"))
        session.waits(until: 170)
        #expect(session.waited(170) == .connect)
        #expect(session.connected(180))
        _ = session.submit(180)
        #expect(session.completed(.success(.null), 210) == .available(after: .milliseconds(200)))
        // Another outage is reported again.
        #expect(
            session.ended(.timeout, 2000)
                == .unavailable(
                    .init(reason: "no answer within 1000 ms", isNew: true, next: .wait(exponent: 0)), .timeout))
    }

    @Test("nothing happens after closing, and a connection that is made then is closed")
    func closed() {
        let session = SessionScenario.connecting()
        session.close()
        let outage = RedisSession.Outage(reason: "the client is closed", isNew: false, next: .nothing)
        #expect(!session.connected(10))
        #expect(session.attemptFailed("refused", 10_000) == .unavailable(outage))
        #expect(session.waited(10) == .nothing)
        #expect(session.start() == .nothing)
        let error = RedisError.connectionLost(reason: "reset")
        #expect(session.ended(.lost(error), 10) == .lost(reason: "\(error)", .nothing))
        #expect(session.ended(.timeout, 10) == .unavailable(outage, .timeout))
        #expect(session.refusal == .unavailable(reason: "the client is closed"))
    }
}

// MARK: - Sleep

extension RedisSessionTests {
    @Test(
        "a failure says nothing if the process slept past the attempt, which takes at most two timeouts",
        arguments: [(2500, false), (2501, true)] as [(Int64, Bool)])
    func sleepInAttempt(now: Int64, hasSlept: Bool) {
        let session = SessionScenario.connecting()
        if hasSlept {
            #expect(session.attemptFailed("refused", now) == .connect)
            #expect(session.submit(now) == .accepted(CallTerms(now + 1000, now + 1000), .wait))
            // The new attempt may take as long.
            #expect(
                session.attemptFailed("refused", now + 2500)
                    == .unavailable(.init(reason: "refused", isNew: true, next: .wait(exponent: 0))))
        } else {
            #expect(
                session.attemptFailed("refused", now)
                    == .unavailable(.init(reason: "refused", isNew: true, next: .wait(exponent: 0))))
        }
    }

    @Test(
        "a call after a sleep in the wait for an attempt starts one",
        arguments: [(550, false), (551, true)] as [(Int64, Bool)])
    func sleepInWait(now: Int64, hasSlept: Bool) {
        let session = SessionScenario.backingOff()
        guard hasSlept else {
            #expect(session.submit(now) == .refused(.unavailable(reason: "refused")))
            return
        }
        #expect(session.submit(now) == .accepted(CallTerms(now + 1000, now + 1000), .connectAndWait))
        #expect(session.submit(now) == .accepted(CallTerms(now + 1000, now + 1000), .wait))
        // The timer of the wait fires after the sleep.
        #expect(session.waited(now) == .nothing)
        #expect(session.connected(now + 10))
    }

    @Test("a call after a sleep in a second attempt waits for it")
    func sleepInSecondAttempt() {
        let session = Situation.connectingAgain.session
        #expect(session.submit(2550) == .refused(.unavailable(reason: "refused")))
        #expect(session.submit(2551) == .accepted(CallTerms(3551, 3551), .wait))
        #expect(session.attemptFailed("refused", 2552) == .connect)
    }

    @Test(
        "after a sleep in the wait for an attempt, calls may wait for it",
        arguments: [(550, false), (551, true)] as [(Int64, Bool)])
    func timerAfterSleep(now: Int64, hasSlept: Bool) {
        let session = SessionScenario.backingOff()
        #expect(session.waited(now) == .connect)
        #expect(
            session.submit(now)
                == (hasSlept
                    ? .accepted(CallTerms(now + 1000, now + 1000), .wait) : .refused(.unavailable(reason: "refused"))))
    }

    @Test("a failure after a sleep in a second attempt lets calls wait for the next")
    func failureAfterSleepInSecondAttempt() {
        let session = Situation.connectingAgain.session
        #expect(session.attemptFailed("refused", 2551) == .connect)
        #expect(session.submit(2551) == .accepted(CallTerms(3551, 3551), .wait))
    }

    @Test("a sleep in the attempt to replace a connection is noticed, too", arguments: [2500, 2501] as [Int64])
    func sleepInReplacement(duration: Int64) {
        let session = SessionScenario.ready()
        _ = session.ended(.lost(.connectionLost(reason: "reset")), 10_000)
        let isNoticed = session.attemptFailed("refused", 10_000 + duration) == .connect
        #expect(isNoticed == (duration == 2501))
    }

    @Test("a connection does not end by a sleep")
    func sleepWithConnection() {
        let session = SessionScenario.ready()
        #expect(session.submit(60_000) == .accepted(CallTerms(61_000, 61_000), .send))
    }
}

// MARK: - The end of a connection

extension RedisSessionTests {
    @Test(
        "a connection without an answer is an outage, unless its first call can be sent again in time",
        arguments: [
            (CallTerms(250, 1000, mayRetry: true), 250, true), (CallTerms(250, 1000, mayRetry: true), 999, true),
            (CallTerms(250, 1000, mayRetry: true), 1000, false), (CallTerms(1000, 1000, mayRetry: true), 1000, false),
            (CallTerms(250, 1000), 250, false), (nil, 250, false),
        ] as [(CallTerms?, Int64, Bool)])
    func timeout(first: CallTerms?, now: Int64, isReplaced: Bool) {
        let session = SessionScenario.ready()
        let ending = session.ended(.timeout, first: first, now)
        let next = session.submit(now)
        if isReplaced {
            #expect(ending == .lost(reason: "no answer on a connection that was idle", .connect))
            #expect(next == .accepted(CallTerms(now + 1000, now + 1000), .wait))
        } else {
            let reason = "no answer within 1000 ms"
            #expect(
                ending == .unavailable(.init(reason: reason, isNew: true, next: .wait(exponent: 0)), .timeout))
            #expect(next == .refused(.unavailable(reason: reason)))
        }
    }

    @Test("a lost connection is replaced without a report, and its reason is that of a refusal if this fails")
    func lost() {
        let session = SessionScenario.ready()
        let reason = "the connection to Redis ended: reset"
        #expect(
            session.ended(.lost(.connectionLost(reason: "reset")), 10_000) == .lost(reason: reason, .connect))
        #expect(session.refusal == .unavailable(reason: reason))
        #expect(session.submit(10_000) == .accepted(CallTerms(11_000, 11_000), .wait))
        #expect(session.connected(10_010))
        _ = session.submit(10_010)
        #expect(session.completed(.success(.null), 10_020) == .nothing)
    }

    @Test(
        "a reply ends a row of useless connections, even an error",
        arguments: [.null, .error("OOM command not allowed")] as [RESPValue])
    func usefulConnection(reply: RESPValue) {
        let session = SessionScenario.connecting()
        let reset = ConnectionEnd.lost(.connectionLost(reason: "reset"))
        for _ in 1...3 {
            #expect(session.connected(0))
            _ = session.ended(reset, 10)
        }
        #expect(session.connected(0))
        _ = session.submit()
        _ = session.completed(.success(reply))
        #expect(session.ended(reset, 10) == .lost(reason: "the connection to Redis ended: reset", .connect))
    }

    @Test("the fourth connection in a row that is lost as soon as it is made is an outage, and its calls are lost")
    func useless() {
        let session = SessionScenario.connecting()
        let error = RedisError.unexpectedReply("no command is waiting for it")
        let reason = "Redis sent an unexpected reply: no command is waiting for it"
        for _ in 1...3 {
            #expect(session.connected(0))
            #expect(session.ended(.lost(error), 99) == .lost(reason: reason, .connect))
        }
        #expect(session.connected(0))
        #expect(
            session.ended(.lost(error), 99)
                == .unavailable(
                    .init(reason: reason, isNew: true, next: .wait(exponent: 0)), .connectionLost(reason: reason)))
        #expect(session.submit(100) == .refused(.unavailable(reason: reason)))
    }
}
