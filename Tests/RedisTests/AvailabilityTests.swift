import NIOCore
import Testing

@testable import Redis

@Suite
struct AvailabilityTests {
    private let start = NIODeadline.uptimeNanoseconds(0)

    @Test("commands may wait for the first attempt, but not after a failure")
    func firstFailure() {
        var availability = Availability()
        #expect(!availability.mayWait)
        #expect(availability.start() == .connect)
        #expect(availability.mayWait)
        #expect(availability.failed() == .wait(exponent: 0))
        #expect(!availability.mayWait)
        #expect(availability.waited() == .connect)
        #expect(!availability.mayWait)
        #expect(availability.failed() == .wait(exponent: 1))
        #expect(availability.failures == 2)
    }

    @Test("a command that succeeds ends an outage, and a connection alone does not")
    func recovery() {
        var availability = Availability()
        _ = availability.start()
        _ = availability.failed()
        _ = availability.waited()
        availability.connected(at: start)
        #expect(availability.isReady)
        #expect(availability.failures == 1)
        #expect(availability.failed() == .wait(exponent: 1))
        _ = availability.waited()
        availability.connected(at: start)
        availability.succeeded()
        #expect(availability.failures == 0)
    }

    @Test("a lost connection is replaced at once, and commands may wait for the new one")
    func lost() {
        var availability = Availability()
        _ = availability.start()
        availability.connected(at: start)
        #expect(availability.lost(at: start) == .connect)
        #expect(availability.mayWait)
    }

    @Test("if a connection is lost after an outage, before any command, commands may wait for a new one")
    func lostAfterOutage() {
        var availability = Availability()
        _ = availability.start()
        _ = availability.failed()
        _ = availability.waited()
        availability.connected(at: start)
        #expect(availability.lost(at: start) == .connect)
        #expect(availability.mayWait)
    }

    @Test("after a connection that does not work, commands do not wait")
    func useless() {
        var availability = Availability()
        _ = availability.start()
        availability.connected(at: start)
        #expect(availability.failed() == .wait(exponent: 0))
        #expect(!availability.mayWait)
        #expect(availability.lost(at: start) == .nothing)
    }

    @Test(
        "after three useless connections in a row, a further one counts as a failure",
        arguments: [(0, Availability.Action.wait(exponent: 0)), (99, .wait(exponent: 0)), (100, .connect)]
            as [(Int64, Availability.Action)])
    func uselessAge(milliseconds: Int64, fourth: Availability.Action) {
        var availability = Availability()
        _ = availability.start()
        for _ in 1...3 {
            availability.connected(at: start)
            #expect(availability.lost(at: start + .milliseconds(milliseconds)) == .connect)
            #expect(availability.mayWait)
        }
        availability.connected(at: start)
        #expect(availability.lost(at: start + .milliseconds(milliseconds)) == fourth)
        #expect(availability.mayWait == (fourth == .connect))
    }

    @Test("waits between useless connections grow, and a failed attempt does not end the row")
    func uselessRow() {
        var availability = Availability()
        _ = availability.start()
        for _ in 1...3 {
            availability.connected(at: start)
            _ = availability.lost(at: start)
        }
        #expect(availability.failed() == .wait(exponent: 0))
        for exponent in 1...3 {
            #expect(availability.waited() == .connect)
            availability.connected(at: start)
            #expect(availability.lost(at: start) == .wait(exponent: exponent))
        }
    }

    @Test(
        "a reply, or a longer life, ends a row of useless connections",
        arguments: [(true, 0), (false, 100)] as [(Bool, Int64)])
    func usefulConnection(hasReply: Bool, milliseconds: Int64) {
        var availability = Availability()
        _ = availability.start()
        for _ in 1...2 {
            for _ in 1...3 {
                availability.connected(at: start)
                #expect(availability.lost(at: start) == .connect)
            }
            availability.connected(at: start)
            if hasReply { availability.replied() }
            #expect(availability.lost(at: start + .milliseconds(milliseconds)) == .connect)
        }
    }

    @Test("a reply ends a row of useless connections even if its connection fails later")
    func usefulUntilFailure() {
        var availability = Availability()
        _ = availability.start()
        for _ in 1...3 {
            availability.connected(at: start)
            _ = availability.lost(at: start)
        }
        availability.connected(at: start)
        availability.replied()
        _ = availability.failed()
        _ = availability.waited()
        availability.connected(at: start)
        #expect(availability.lost(at: start) == .connect)
    }

    @Test("an error reply shows that a connection is useful, but does not end an outage")
    func replied() {
        var availability = Availability()
        _ = availability.start()
        _ = availability.failed()
        _ = availability.waited()
        availability.connected(at: start)
        availability.replied()
        #expect(availability.failures == 1)
    }

    @Test("failures from before a sleep do not count")
    func sleep() {
        var availability = Availability()
        #expect(availability.awoke() == .nothing)
        _ = availability.start()
        _ = availability.failed()
        #expect(availability.awoke() == .connect)
        #expect(availability.mayWait)
        // The timer of the wait fires after the sleep.
        #expect(availability.waited() == .nothing)
        _ = availability.failed()
        _ = availability.waited()
        #expect(!availability.mayWait)
        #expect(availability.awoke() == .nothing)
        #expect(availability.mayWait)
    }

    @Test("events after closing have no effect")
    func closed() {
        var availability = Availability()
        _ = availability.start()
        availability.close()
        availability.connected(at: start)
        #expect(availability.state == .closed)
        #expect(availability.failed() == .nothing)
        #expect(availability.lost(at: start) == .nothing)
        #expect(availability.waited() == .nothing)
        #expect(availability.start() == .nothing)
        #expect(availability.awoke() == .nothing)
    }

    @Test(
        "waits double up to the limit, and are shortened by at most half",
        arguments: [(0, 50), (1, 100), (2, 200), (3, 400), (4, 500), (5, 500), (1000, 500)])
    func backoff(exponent: Int, milliseconds: Int64) {
        #expect(Backoff().delay(exponent: exponent, jitter: 0) == .milliseconds(milliseconds))
        #expect(Backoff().delay(exponent: exponent, jitter: 1) == .microseconds(milliseconds * 500))
    }
}
