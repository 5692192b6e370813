import TestSupport

/// One start of a program as a runtime, with the events for it.
struct ProgramStart {
    let command: [String]
    /// The events, which are given to the program in this order, one at a time.
    let events: [[UInt8]]
    /// The time that the program has for all events.
    let timeout: Duration

    /// The result of a start.
    struct Result {
        /// The answers, in the order of the events.
        let answers: [[UInt8]]
        /// The measured times; `nil` if too few events were answered.
        let timings: Timings?
        /// A line for each fault; empty if there were none.
        let faults: [String]
    }

    /// Starts the program, waits until each event has an outcome, and ends the program.
    /// - Throws: ``Program/Failure`` if the program cannot be started.
    func run() async throws -> Result {
        let server = try await RuntimeAPIServer()
        let result = try await withThrowingTaskGroup(of: (Int, RuntimeAPIServer.Outcome)?.self) { group in
            for (number, event) in events.enumerated() {
                // Immediate, so that the event is queued before the program is started.
                group.addImmediateTask { [timeout] in (number, try await server.invoke(event, within: timeout)) }
            }
            let program: Program
            do {
                program = try Program(command, environment: ["AWS_LAMBDA_RUNTIME_API": server.address])
            } catch {
                await server.close()
                throw error
            }
            group.addTask {
                while !program.hasEnded { try await Task.sleep(for: .milliseconds(100)) }
                // No more answers can arrive. Closing gives every remaining event an outcome.
                await server.close()
                return nil
            }
            var outcomes: [Int: RuntimeAPIServer.Outcome] = [:]
            while outcomes.count < events.count, let part = try await group.next() {
                if let (number, outcome) = part { outcomes[number] = outcome }
            }
            group.cancelAll()
            let memory = program.peakKilobytes
            let end = await program.end()
            return Result(
                outcomes.sorted { $0.key < $1.key }.map(\.value), of: program, with: server, memoryKilobytes: memory,
                end: end)
        }
        await server.close()
        return result
    }
}

extension ProgramStart.Result {
    /// Creates the result of a start.
    /// - Parameters:
    ///   - outcomes: the outcomes, in the order of the events.
    ///   - memoryKilobytes: the peak of the program's memory; `nil` if unknown.
    ///   - end: a description of the program's end.
    init(
        _ outcomes: [RuntimeAPIServer.Outcome], of program: Program, with server: RuntimeAPIServer,
        memoryKilobytes: Int?, end: String
    ) {
        var (answers, faults): ([[UInt8]], [String]) = ([], server.violations)
        for (number, outcome) in outcomes.enumerated() {
            switch outcome {
            case .answered(let body): answers.append(body)
            case .failed(let type, let body):
                faults.append("event \(number + 1): \(type): \(String(decoding: body, as: UTF8.self))")
            case .unanswered: faults.append("event \(number + 1): no answer; the program \(end)")
            case .late, .tooLarge, .lost: faults.append("event \(number + 1): the answer was refused: \(outcome)")
            }
        }
        if let report = server.initError { faults.append("the start failed: \(report.message ?? report.type)") }
        self.answers = answers
        self.faults = faults
        timings = memoryKilobytes.flatMap { Timings(server.arrivals, since: program.start, memoryKilobytes: $0) }
    }
}
