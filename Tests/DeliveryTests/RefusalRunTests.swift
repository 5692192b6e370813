import Testing

@testable import Delivery

@Suite
struct RefusalRunTests {
    private let start = ContinuousClock.now

    /// Refuses the next attempt of a job, whose recipient has its name.
    private func refuse(
        _ run: inout RefusalRun, _ job: String, attempts: Int = 1, isClear: Bool = false, after seconds: Int = 0
    ) -> RefusalRun.Verdict {
        run.refused(
            job, to: "\(job)@example.com", isClear: isClear, attempts: attempts, at: start + .seconds(seconds))
    }

    @Test("three different recipients in a row mean that the client is refused, until an email is accepted")
    func several() {
        var run = RefusalRun()
        #expect(refuse(&run, "a") == .retry)
        #expect(refuse(&run, "b") == .retry)
        #expect(refuse(&run, "c") == .clientRefused)
        #expect(refuse(&run, "a", attempts: 9) == .clientRefused)
        run.succeeded(at: start + .seconds(1))
        #expect(refuse(&run, "d", after: 2) == .retry)
    }

    @Test("refusals of one recipient are not several, even of different messages")
    func one() {
        var run = RefusalRun()
        for number in 1...9 {
            let verdict = run.refused(
                "job \(number)", to: "ada@example.com", isClear: false, attempts: 1, at: start)
            #expect(verdict == .retry)
        }
    }

    @Test("a job alone is dead-lettered at its fourth attempt")
    func alone() {
        var run = RefusalRun()
        for attempts in 1...3 { #expect(refuse(&run, "a", attempts: attempts) == .retry) }
        #expect(refuse(&run, "a", attempts: 4) == .deadLetter)
    }

    @Test("a job of which another worker knows is dead-lettered at its fourth attempt, too")
    func known() {
        var run = RefusalRun()
        #expect(refuse(&run, "a", attempts: 4) == .deadLetter)
    }

    @Test("after two different recipients in a row, neither is dead-lettered")
    func two() {
        var run = RefusalRun()
        for attempts in 1...9 {
            _ = refuse(&run, "a", attempts: attempts)
            #expect(refuse(&run, "b", attempts: attempts) == .retry)
            if attempts > 1 { #expect(refuse(&run, "a", attempts: attempts) == .retry) }
        }
    }

    @Test("a job is dead-lettered at its second refusal, if an email was accepted after the first")
    func confirmed() {
        var run = RefusalRun()
        run.succeeded(at: start)
        #expect(refuse(&run, "a", after: 1) == .retry)
        run.succeeded(at: start + .seconds(2))
        #expect(refuse(&run, "a", attempts: 2, after: 3) == .deadLetter)
        #expect(refuse(&run, "b", after: 4) == .retry)
    }

    @Test("a refusal that names the client is never one of the email")
    func clear() {
        var run = RefusalRun()
        for attempts in 1...9 {
            #expect(refuse(&run, "a", attempts: attempts, isClear: true, after: 2 * attempts) == .retry)
            run.succeeded(at: start + .seconds(2 * attempts + 1))
        }
    }
}
