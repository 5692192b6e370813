import APIKeys
import ArgumentParser

/// `postern audit`: prints the audit.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Print changes of API keys and refused requests, newest first.",
        discussion: """
            About 100,000 changes and as many refusals are kept. Reads REDIS_URL, POSTERN_SECRET_KEYS and \
            POSTERN_KEY_PREFIX.
            """)

    @Option(help: "The number of entries, 1 to 200000.")
    var limit = 50

    @Flag(help: "Print one JSON object per line.")
    var json = false

    func validate() throws {
        guard (1...200_000).contains(limit) else { throw ValidationError("--limit must be 1 to 200000") }
    }

    func run() async throws {
        try await withAPIKeys { store in
            try await store.readAudit(atMost: limit) { json ? show(json: $0.json) : show($0.text) }
        }
    }
}
