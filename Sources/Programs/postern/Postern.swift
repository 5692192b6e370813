import ArgumentParser
import Platform

/// The operator's command line.
@main
struct Postern: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "postern",
        abstract: "Deliver sign-in email, and manage its queue, keys and API keys.",
        discussion: """
            Settings are environment variables. Each command's help names the ones that it reads.

            Exit status: 0 success; 1 failed (the last line says why); 64 wrong arguments; 69 Redis does not answer, \
            or answers with an error; 78 a setting is missing or wrong.
            """,
        version: "postern \(Version.text)",
        subcommands: [
            SendCommand.self, SMTPTestCommand.self, QueueCommand.self, KeysCommand.self, APIKeysCommand.self,
            AuditCommand.self,
        ])
}
