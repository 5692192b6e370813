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
                To rotate a key, add the new entry after the existing ones, then move it to the front, then remove the \
                old one, and restart all processes after each step. Secret keys are for handlers and workers: remove \
                the old entry a day after the second step. Signing keys are for the handlers alone: wait five minutes \
                before the second step, until portals have the new key, and a minute before the third.
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
