import TestSupport

/// A start of a program as a runtime, and the events that wait for it.
struct ProgramStart {
    let command: [String]
    /// Given in this order, at most one at a time.
    let events: [[UInt8]]
    /// How long the program has for all of them.
    let timeout: Duration

    /// What came of a start.
    struct Result {
        /// In the order of the events.
        let answers: [[UInt8]]
        /// `nil` where too few events were answered.
        let timings: Timings?
        /// What went wrong, each as a line; empty where nothing did.
        let faults: [String]
    }

    /// Starts the program, waits until each event has an outcome, and ends the program.
    /// - Throws: ``Program/Failure`` where it cannot be started.
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
                // Nobody else answers: this gives every event its outcome.
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
    /// - Parameters:
    ///   - outcomes: one for each event.
    ///   - memoryKilobytes: the most memory that the program had in use; `nil` where nobody knows.
    ///   - end: how the program ended.
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
