import ArgumentParser
import Secrets

/// `postern keys`: makes keys.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Makes keys.", subcommands: [New.self])

    /// `postern keys new`.
    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "new",
            abstract: "Prints a new entry for POSTERN_SECRET_KEYS.",
            discussion: """
                To rotate, put it before the entries that are there, separated by a comma, first for the workers and then \
                for the handlers; take the old one out a day later.
                """)

        @Option(help: "The key's name: 1 to 16 letters, digits, - or _. Each entry needs one of its own.")
        var id: String?

        func validate() throws {
            guard let id else { return }
            guard KeyRing.Entry.isName(id) else {
                throw ValidationError("--id must be 1 to 16 letters, digits, - or _")
            }
        }

        func run() throws {
            let random = RandomBytes.system
            let key = try random.secret(count: SealingKey.keyByteCount)
            let name = try id ?? "k" + random.secret(count: 3).withUnsafeBytes { hexadecimal($0) }
            print("\(name):\(key.withUnsafeBytes(base64))")
        }
    }
}
