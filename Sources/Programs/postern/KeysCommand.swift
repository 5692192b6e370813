import ArgumentParser
import Bytes
import Cryptography

/// `postern keys`: makes keys.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Makes keys.", subcommands: [New.self])

    /// `postern keys new`.
    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "new",
            abstract: "Prints a new entry for POSTERN_SECRET_KEYS, or with --signing for POSTERN_SIGNING_KEYS.",
            discussion: """
                To rotate, put it before the entries that are there, separated by a comma, first for the workers and then \
                for the handlers; take the old one out a day later. A signing key is for the handlers alone: put a new one \
                behind the others first, and before them five minutes later, when portals have it; take the old one out a \
                minute after that.
                """)

        @Flag(help: "Make a key that assertions are signed with (Ed25519).")
        var signing = false

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
            // Any 32 random bytes are a key of either kind.
            let key = try random.secret(count: signing ? SigningKey.byteCount : SealingKey.keyByteCount)
            let name = try id ?? (signing ? "s" : "k") + random.secret(count: 3).withUnsafeBytes { hexadecimal($0) }
            print("\(name):\(key.withUnsafeBytes(base64))")
        }
    }
}
