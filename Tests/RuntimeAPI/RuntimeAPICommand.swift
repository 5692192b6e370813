import ArgumentParser
import Foundation
import TestSupport

/// `runtime-api`: runs a program as a function of AWS Lambda on this machine.
@main
struct RuntimeAPICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runtime-api",
        abstract: "Start a program as AWS Lambda does, and give it events.",
        discussion: """
            The program gets this command's environment and AWS_LAMBDA_RUNTIME_API. The events are queued before it \
            starts. Prints each answer, or with --timings one line of JSON per start:

            next_us: microseconds from just before the start to the first call of next.
            answer_us: microseconds from just before the start to the first answer.
            warm_us: microseconds from the second call of next to the second answer.
            memory_kib: the peak of the program's memory.

            With --timings there is one more start at the beginning, which is not printed, because this command itself \
            is slower the first time.

            Exit status: 0 every event was answered; 1 an event was not answered, or the program violated a rule of \
            the Runtime API; 64 wrong arguments.
            """)

    @Option(
        name: .customLong("event"),
        help: ArgumentHelp(
            "A file with an event; may be repeated. Default: a sign-in request from an HTTP API.",
            valueName: "file"))
    var files: [String] = []

    @Option(help: "The number of times that each event is given. Default: 1, or 2 with --timings.")
    var count: Int?

    @Option(help: "The number of starts, one after the other.")
    var starts = 1

    @Option(help: "The longest time for a start and its events, in seconds.")
    var timeout = 30

    @Flag(help: "Print times instead of answers.")
    var timings = false

    @Argument(parsing: .postTerminator, help: "The program and its arguments, after --.")
    var program: [String] = []

    func validate() throws {
        guard !program.isEmpty else { throw ValidationError("give a program after --") }
        guard timesForEach > 0, starts > 0, timeout > 0 else {
            throw ValidationError("--count, --starts and --timeout must be 1 or more")
        }
        guard !timings || timesForEach * max(1, files.count) >= Timings.minimumEventCount else {
            throw ValidationError("--timings needs \(Timings.minimumEventCount) events")
        }
    }

    func run() async throws {
        let start = ProgramStart(command: program, events: try events(), timeout: .seconds(timeout))
        if timings { _ = try await completed(start) }
        for _ in 0..<starts {
            let result = try await completed(start)
            guard timings else {
                for answer in result.answers { print(String(decoding: answer, as: UTF8.self)) }
                continue
            }
            guard let timings = result.timings else { throw failure(["the program ended before it was measured"]) }
            print(timings.json)
        }
    }

    private var timesForEach: Int { count ?? (timings ? Timings.minimumEventCount : 1) }

    private func events() throws -> [[UInt8]] {
        var events = try files.map { [UInt8](try Data(contentsOf: URL(fileURLWithPath: $0))) }
        if events.isEmpty { events = [LambdaRequest.signIn().event(as: .httpAPI)] }
        return Array(repeating: events, count: timesForEach).flatMap { $0 }
    }

    /// Runs a start, and returns its result.
    /// - Throws: The exit status, if there were faults.
    private func completed(_ start: ProgramStart) async throws -> ProgramStart.Result {
        let result = try await start.run()
        guard result.faults.isEmpty else { throw failure(result.faults) }
        return result
    }

    /// Writes faults to standard error, and returns the exit status.
    private func failure(_ faults: [String]) -> ExitCode {
        FileHandle.standardError.write(Data(faults.map { "runtime-api: \($0)\n" }.joined().utf8))
        return .failure
    }
}
