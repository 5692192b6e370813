import ArgumentParser
import Bytes
import Cryptography

/// `postern keys`: creates keys.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Create keys.", subcommands: [New.self])

    /// `postern keys new`.
    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "new",
            abstract: "Print a new entry for POSTERN_SECRET_KEYS, or with --signing for POSTERN_SIGNING_KEYS.",
            discussion: """
                To rotate a secret key, add the new entry before the existing ones: on the workers first, then on \
                the handlers. Remove the old entry a day later. Signing keys are for the handlers alone: add the new \
                entry after the existing ones; five minutes later, when portals have it, move it to the front; another \
                minute later, remove the old entry.
                """)

        @Flag(help: "Create an Ed25519 key that signs assertions.")
        var signing = false

        @Option(help: "The key's ID: 1 to 16 letters, digits, - or _. It must be unique among the entries.")
        var id: String?

        func validate() throws {
            guard let id else { return }
            guard KeyRing.Entry.isName(id) else {
                throw ValidationError("--id must be 1 to 16 letters, digits, - or _")
            }
        }

        func run() throws {
            let random = RandomBytes.system
            // Random bytes are a valid key of either kind.
            let key = try random.secret(count: signing ? SigningKey.byteCount : SealingKey.keyByteCount)
            let name = try id ?? (signing ? "s" : "k") + random.secret(count: 3).withUnsafeBytes { hexadecimal($0) }
            print("\(name):\(key.withUnsafeBytes(base64))")
        }
    }
}
