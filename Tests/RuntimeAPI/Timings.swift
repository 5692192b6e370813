import TestSupport

/// The times of a start, by when the stand-in for the Runtime API read the program's calls.
struct Timings {
    /// Fewer leave a time unknown.
    static let minimumEventCount = 2

    /// From just before the start to the first `next`.
    let next: Duration
    /// From just before the start to the first answer.
    let answer: Duration
    /// From the second `next` to the second answer.
    let warm: Duration
    /// The most memory that the program had in use, in KiB.
    let memoryKilobytes: Int

    /// - Parameters:
    ///   - arrivals: the program's calls, in the order of their coming.
    ///   - start: just before the program was started.
    /// - Returns: `nil` where fewer than two events were answered.
    init?(_ arrivals: [RuntimeAPIServer.Arrival], since start: ContinuousClock.Instant, memoryKilobytes: Int) {
        let nexts = arrivals.filter { $0.call == .next }
        let answers = arrivals.filter { $0.call == .response }
        guard nexts.count >= Timings.minimumEventCount, answers.count >= Timings.minimumEventCount else { return nil }
        next = nexts[0].instant - start
        answer = answers[0].instant - start
        warm = answers[1].instant - nexts[1].instant
        self.memoryKilobytes = memoryKilobytes
    }

    /// All of it as a line of JSON, times in microseconds.
    var json: String {
        let (next, answer, warm) = (microseconds(next), microseconds(answer), microseconds(warm))
        return #"{"next_us":\#(next),"answer_us":\#(answer),"warm_us":\#(warm),"memory_kib":\#(memoryKilobytes)}"#
    }

    private func microseconds(_ duration: Duration) -> Int { Int(duration / .microseconds(1)) }
}
