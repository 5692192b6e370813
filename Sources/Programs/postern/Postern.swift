import ArgumentParser

/// The operator's command line.
@main
struct Postern: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "postern",
        abstract: "Delivers sign-in mail, and looks after the queue that it waits in.",
        discussion: """
            Settings are environment variables, which the README lists; each command reads those that it needs.

            Exit status: 0 done; 1 not done, as the last line says; 64 wrong arguments; 69 Redis does not answer; \
            78 a setting is missing or wrong.
            """,
        subcommands: [SendCommand.self, SMTPTestCommand.self, QueueCommand.self, KeysCommand.self])
}
