import APIKeys
import ArgumentParser
import Bytes
import Cryptography
import Logging
import Platform
import Settings
import Telemetry

/// `postern api-keys`: manages the API keys of servers.
struct APIKeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "api-keys",
        abstract: "Create, list and revoke API keys.",
        discussion: """
            An API key lets a server send requests to postern-api, as far as the key's scopes permit. Reads REDIS_URL, \
            POSTERN_SECRET_KEYS and POSTERN_KEY_PREFIX. Every change is recorded: see postern audit.
            """,
        subcommands: [New.self, List.self, Revoke.self, Reseal.self])

    /// `postern api-keys new`.
    struct New: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a key and print it. It is shown only this once.",
            discussion: """
                The key works at once. To rotate a key, create a new one with the same name, give it to the server, \
                wait until list shows no more requests with the old one, then revoke the old one.
                """)

        @Option(help: "The key's name: 1 to 64 visible ASCII characters, without / and commas.")
        var name: String

        @Option(help: "What the key permits: comma-separated scopes, such as links:write.")
        var scopes: String

        @Option(
            help: "The time for which the key works, 1m to 1000d, such as 90d. Without it, the key does not expire.")
        var lifetime: String?

        @Flag(
            help: """
                Store nothing, and also print the entry for POSTERN_API_KEYS. The key works where that is set, with \
                --lifetime until the end of its last day, in UTC.
                """)
        var printSetting = false

        func run() async throws {
            let now = UnixTime.now()
            let grant = try grant(at: now)
            warn(of: grant)
            let key = try APIKey(random: .system)
            guard !printSetting else {
                print(key.text)
                return print(ConfiguredAPIKey(key.digest, grant).entry)
            }
            try await withAPIKeys { store in
                guard try await store.add(key, grant, by: currentUser(), at: now) else {
                    throw CommandFailure.notDone(
                        "There are too many API keys. Revoke those that are no longer used: postern api-keys list")
                }
            }
            print(key.text)
            changeLogger(id: key.digest.id, name: grant.name).notice("api_key_created")
        }

        /// Warns of what may differ from what was meant.
        private func warn(of grant: APIKeyGrant) {
            if printSetting, grant.expires != nil {
                warning("the key works until the end of the day at the end of its entry, in UTC")
            }
        }

        private func grant(at now: UnixTime) throws -> APIKeyGrant {
            let name = try option("--name") { () throws(ParseError) in try APIKeyGrant.parseName(self.name) }
            let scopes = try option("--scopes") { () throws(ParseError) in
                try APIKeyGrant.parseScopes(self.scopes, separator: ",")
            }
            let lifetime = try option("--lifetime") { () throws(ParseError) -> Duration? in
                guard let text = self.lifetime else { return nil }
                return try parseDuration(text, in: .seconds(60)...(.seconds(1000 * 86_400)), "1m to 1000d")
            }
            return APIKeyGrant(name: name, scopes: scopes, expires: lifetime.map { now + $0 })
        }

        /// The value of an option, or the error for a wrong one.
        private func option<Value>(_ name: String, _ parse: () throws(ParseError) -> Value) throws -> Value {
            do {
                return try parse()
            } catch {
                let example = error.example.map { ", such as \($0)" } ?? ""
                throw ValidationError("\(name) \(error.rule)\(example)")
            }
        }
    }

    /// `postern api-keys list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List keys, oldest first: name, scopes, times of creation, last request and expiry.",
            discussion: "Keys of POSTERN_API_KEYS are not listed. No key and nothing secret is shown.")

        @Flag(help: "Print one JSON object per line.")
        var json = false

        func run() async throws {
            try await withAPIKeys { store in
                for key in try await store.list() { json ? show(json: key.json) : show(key.text) }
            }
        }
    }

    /// `postern api-keys revoke`.
    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Revoke a key. From then on, no request with it is accepted.",
            discussion: """
                Keys of POSTERN_API_KEYS are revoked by removing them there. To revoke a key that has leaked without \
                its ID, give - and then the key on standard input: arguments are seen by other users of the machine, \
                and kept in the shell's history.
                """)

        @Argument(help: "The key's ID, or - to read a key or an ID from standard input.")
        var id: String

        func run() async throws {
            let text = id == "-" ? readLine() ?? "" : id
            let id = APIKey(parsing: text)?.digest.id ?? text.lowercased()
            guard APIKeyDigest.isID(id) else {
                throw ValidationError(
                    "give the ID of a key, 32 hexadecimal digits. List them with: postern api-keys list")
            }
            try await withAPIKeys { store in
                guard let key = try await store.revoke(id, by: currentUser(), at: .now()) else {
                    throw CommandFailure.notDone(
                        "No API key '\(id)' in Redis. List them with: postern api-keys list. A key of POSTERN_API_KEYS "
                            + "works until its entry is removed there and the API is restarted")
                }
                print("API key \(id) was revoked.")
                changeLogger(id: id, name: key.details?.grant.name).notice("api_key_revoked")
            }
        }
    }

    /// `postern api-keys reseal`.
    struct Reseal: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Encrypt all keys' records with the first secret key.",
            discussion: """
                To rotate a secret key, run this when all processes have the new one, and before you remove the old \
                one from POSTERN_SECRET_KEYS. Requests with an API key whose record needs a missing secret key get 503.
                """)

        func run() async throws {
            try await withAPIKeys { store in
                let (count, unreadable) = try await store.resealAll()
                print("\(count) records were encrypted again.")
                guard unreadable.isEmpty else {
                    throw CommandFailure.notDone(
                        "\(unreadable.count) records cannot be decrypted. See which, and why: postern api-keys list")
                }
            }
        }
    }
}

/// Returns a logger of changes, as the programs that run permanently log what happens in them.
private func changeLogger(id: String, name: String?) -> Logger {
    fflush(nil)  // So that earlier output comes first.
    var logger = Logger(label: "postern") { _ in JSONLogHandler(level: .notice) }
    logger[metadataKey: "api_key"] = "\(id)"
    if let name { logger[metadataKey: "name"] = "\(name)" }
    return logger
}
