import ArgumentParser
import MailQueue

/// `postern queue`: inspects and manages the mail queue.
struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "Inspect and manage the mail queue.",
        discussion: """
            Reads REDIS_URL and POSTERN_KEY_PREFIX. Jobs are never opened, so no address or link is shown. The ID of a \
            job is the one in the logs.
            """,
        subcommands: [Show.self, Dead.self, Retry.self, Drop.self], defaultSubcommand: Show.self)

    /// `postern queue show`, or `postern queue` without a subcommand.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the queue's length, retries, dead letters and workers.")

        @Flag(help: "Print one JSON object.")
        var json = false

        func run() async throws {
            try await withQueue { queue in
                let overview = try await queue.overview()
                guard !json else { return show(json: overview.json) }
                for line in overview.lines { show(line) }
            }
        }
    }

    /// `postern queue dead`.
    struct Dead: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List dead letters, oldest first.")

        @Flag(help: "Print one JSON object per line.")
        var json = false

        func run() async throws {
            try await withQueue { queue in
                try await queue.deadLetters { job in
                    json ? show(json: job.json) : show(job.text)
                    return true
                }
            }
        }
    }

    /// `postern queue retry`.
    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Retry a waiting or failed job now.",
            discussion: "Failed jobs are the dead letters. A job whose link has expired fails again.")

        @Argument(help: "The job's ID.")
        var id: String?

        @Flag(help: "Retry all jobs.")
        var all = false

        func validate() throws {
            guard (id != nil) != all else { throw ValidationError("give a job ID or --all") }
        }

        func run() async throws {
            try await withQueue { queue in
                guard let id else {
                    let count = try await queue.retryAll { showProgress("\($0) jobs") }
                    endProgress()
                    return print("\(count) jobs will be retried now.")
                }
                guard try await queue.retry(id) else {
                    throw CommandFailure.notDone(
                        "No waiting or failed job '\(id)'. List failed jobs with: postern queue dead")
                }
                print("Job \(id) will be retried now.")
            }
        }
    }

    /// `postern queue drop`.
    struct Drop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a job so that it is not delivered, unless a worker is already delivering it.")

        @Argument(help: "The job's ID.")
        var id: String

        func run() async throws {
            try await withQueue { queue in
                let isDropped = try await queue.drop(id) { showProgress("\($0) jobs checked") }
                endProgress()
                guard isDropped else { throw CommandFailure.notDone("No job '\(id)'") }
                print("Job \(id) was dropped.")
            }
        }
    }
}
