import TestSupport

/// The times of a start, measured when the simulated Runtime API read the program's calls.
struct Timings {
    /// The number of events that is needed to measure all times.
    static let minimumEventCount = 2

    /// The time from just before the start to the first `next`.
    let next: Duration
    /// The time from just before the start to the first answer.
    let answer: Duration
    /// The time from the second `next` to the second answer.
    let warm: Duration
    /// The peak of the program's memory, in KiB.
    let memoryKilobytes: Int

    /// Computes the times from the program's calls; `nil` if fewer than two events were answered.
    /// - Parameters:
    ///   - arrivals: the program's calls, in order.
    ///   - start: the time just before the program was started.
    ///   - memoryKilobytes: the peak of the program's memory.
    init?(_ arrivals: [RuntimeAPIServer.Arrival], since start: ContinuousClock.Instant, memoryKilobytes: Int) {
        let nexts = arrivals.filter { $0.call == .next }
        let answers = arrivals.filter { $0.call == .response }
        guard nexts.count >= Timings.minimumEventCount, answers.count >= Timings.minimumEventCount else { return nil }
        next = nexts[0].instant - start
        answer = answers[0].instant - start
        warm = answers[1].instant - nexts[1].instant
        self.memoryKilobytes = memoryKilobytes
    }

    /// The figures as a line of JSON, times in microseconds.
    var json: String {
        let (next, answer, warm) = (microseconds(next), microseconds(answer), microseconds(warm))
        return #"{"next_us":\#(next),"answer_us":\#(answer),"warm_us":\#(warm),"memory_kib":\#(memoryKilobytes)}"#
    }

    private func microseconds(_ duration: Duration) -> Int { Int(duration / .microseconds(1)) }
}
