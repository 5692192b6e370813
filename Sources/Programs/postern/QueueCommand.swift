import ArgumentParser
import MailQueue

/// `postern queue`: the queue in numbers, and a hand in it.
struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "Shows the queue, and takes a hand in it.",
        discussion: """
            Reads REDIS_URL, and POSTERN_KEY_PREFIX where it is set. Nothing here opens a job, so neither addresses nor \
            links are seen; a job goes by the id that the logs give it.
            """,
        subcommands: [Show.self, Dead.self, Retry.self, Drop.self], defaultSubcommand: Show.self)

    /// `postern queue show`, or nothing behind `queue`.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows how long the queue is, who works on it, what is to be tried again, and what was given up.")

        @Flag(help: "Print one JSON object.")
        var json = false

        func run() async throws {
            try await withQueue { queue in
                let overview = try await queue.overview()
                print(json ? overview.json : overview.text)
            }
        }
    }

    /// `postern queue dead`.
    struct Dead: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the jobs that were given up, the oldest first.")

        @Flag(help: "Print one JSON object a line.")
        var json = false

        func run() async throws {
            try await withQueue { queue in
                try await queue.deadLetters { job in
                    print(json ? job.json : job.text)
                    return true
                }
            }
        }
    }

    /// `postern queue retry`.
    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Has a job tried again at once: one that waits for another attempt, or one that was given up.",
            discussion: "A job whose link has expired is given up again.")

        @Argument(help: "The job's id.")
        var id: String?

        @Flag(help: "All of them.")
        var all = false

        func validate() throws {
            guard (id != nil) != all else { throw ValidationError("give the id of a job, or --all") }
        }

        func run() async throws {
            try await withQueue { queue in
                guard let id else {
                    let count = try await queue.retryAll { showProgress("\($0) jobs") }
                    endProgress()
                    return print("\(count) jobs are tried again.")
                }
                guard try await queue.retry(id) else {
                    throw CommandFailure.notDone("no job \(id) waits for another attempt, or was given up and kept")
                }
                print("Job \(id) is tried again.")
            }
        }
    }

    /// `postern queue drop`.
    struct Drop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Removes a job, wherever it is: it is not delivered, unless that is being done already.")

        @Argument(help: "The job's id.")
        var id: String

        func run() async throws {
            try await withQueue { queue in
                let isDropped = try await queue.drop(id) { showProgress("\($0) jobs looked at") }
                endProgress()
                guard isDropped else { throw CommandFailure.notDone("there is no job \(id)") }
                print("Job \(id) is dropped.")
            }
        }
    }
}
