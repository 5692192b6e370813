@testable import SignIn
import Cryptography
import Net
import Platform
import Redis
import Testing
import TestSupport

/// A request that was sent, with what only its mail and its answer hold.
struct SentMail: Sendable {
    let link: MagicLink
    /// The mail does not hold it, and the answer does.
    let handle: CodeHandle
    let code: SignInCode

    var token: LoginToken { link.token }
    var tokenKey: String { "postern:token:\(token.digest)" }
    var requestKey: String { "postern:request:\(handle.digest)" }
}

/// The ways in that one mail offers.
enum Way: String, Sendable, CaseIterable {
    /// The link's own token.
    case mailed
    /// The token that the link's was changed for, by the door's page.
    case fresh
    case code
}

/// What is brought back to be let in.
enum Bearer: Sendable {
    case token(LoginToken?)
    case code(SignInCode, of: CodeHandle?)
}

/// A code that a test writes down.
func sixDigits(_ text: String) throws -> SignInCode {
    try #require(SignInCode(parsing: text))
}

/// The challenge that a verifier fits which is one letter over and over; `nil` for none.
func challenge(_ letter: Character?) throws -> CodeChallenge? {
    letter.map { CodeChallenge(of: CodeVerifier(text: String(repeating: $0, count: 43))) }
}

extension SignInStore {
    /// Brings a token or a code back.
    /// - Parameter client: `nil` where its address is unknown.
    func verify(
        _ bearer: Bearer, challenge: CodeChallenge? = nil, from client: String? = "192.0.2.1"
    ) async throws -> Verification {
        let address = client.flatMap { IPAddress(parsing: $0) }
        switch bearer {
        case .token(let token): return try await verify(token, challenge: challenge, from: address)
        case .code(let code, let handle):
            return try await verify(code, of: handle, challenge: challenge, from: address)
        }
    }
}

extension StoreHarness {
    // MARK: - Ways in

    /// Sends a mail with a link and a code.
    func mail(
        to address: String = "ada@example.com", for portal: String = "https://portal.example.com",
        next: String? = nil, challenge: CodeChallenge? = nil, code: String = "271828"
    ) async throws -> SentMail {
        let mail = SentMail(
            link: try StoreHarness.link(for: portal, next: next), handle: try CodeHandle(random: .system),
            code: try sixDigits(code))
        let request = SignInRequest(
            link: mail.link, recipient: try #require(EmailAddress(parsing: address)), challenge: challenge,
            codeRequest: SignInRequest.CodeRequest(handle: mail.handle, code: mail.code))
        let admission = try await store.admit(request, from: .v4(0xC000_0201), at: .now())
        guard case .admitted = admission else { throw NotAdmitted(admission: admission) }
        return mail
    }

    /// Presses the button behind a mail's link.
    /// - Returns: the fresh token.
    func press(_ mail: SentMail) async throws -> LoginToken {
        let fresh = try LoginToken(random: .system)
        let opening = try await store.exchange(mail.token, for: fresh, from: .v4(0xC000_0201))
        guard case .exchanged = opening else { throw NotOpened(opening: opening) }
        return fresh
    }

    /// What a person brings back who goes one of a mail's ways; for a fresh token the button is pressed now.
    func bearer(of mail: SentMail, by way: Way) async throws -> Bearer {
        switch way {
        case .mailed: return .token(mail.token)
        case .fresh: return .token(try await press(mail))
        case .code: return .code(mail.code, of: mail.handle)
        }
    }

    /// Brings a token back.
    func verify(
        _ token: LoginToken?, challenge: CodeChallenge? = nil, from client: String? = "192.0.2.1"
    ) async throws -> Verification {
        try await store.verify(.token(token), challenge: challenge, from: client)
    }

    /// Brings a code back, whatever the mail's is.
    func verify(
        code: String, of handle: CodeHandle?, challenge: CodeChallenge? = nil, from client: String? = "192.0.2.1"
    ) async throws -> Verification {
        try await store.verify(.code(try sixDigits(code), of: handle), challenge: challenge, from: client)
    }

    /// Brings so many wrong codes back, and expects each to be refused.
    func guess(_ count: Int, of mail: SentMail, from client: String = "192.0.2.1") async throws {
        for number in 0..<count {
            let answer = try await verify(code: "\(900_000 + number)", of: mail.handle, from: client)
            #expect(answer.isRefused)
        }
    }

    /// Does something many times at once, over four connections of their own.
    func atOnce(
        _ count: Int = 64, _ body: @escaping @Sendable (SignInStore, Int) async throws -> Verification
    ) async throws -> [Verification] {
        var connected: [SignInStore] = []
        for _ in 0..<4 {
            let client = try await StoreHarness.client(for: server)
            // They are ready before the first call, so that all are on their way together.
            _ = try await client.send(RedisCommand("PING"))
            connected.append(try SignInStore(redis: client, configuration: configuration, random: .system))
        }
        let stores = connected
        return try await withThrowingTaskGroup(of: Verification.self) { group in
            for index in 0..<count {
                group.addTask { try await body(stores[index % stores.count], index) }
            }
            return try await group.reduce(into: [Verification]()) { answers, answer in answers.append(answer) }
        }
    }

    // MARK: - Time

    /// For how many milliseconds an entry outlives its link.
    var retention: Int { configuration.retention.milliseconds }

    /// Lets time pass for keys of a pattern: each ends by so many milliseconds earlier. What is within them stays; a
    /// bucket is full again where its key would have ended, and no fuller before.
    static let passing = """
        for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
          local left = redis.call('PTTL', key)
          if left >= 0 then redis.call('PEXPIRE', key, left - ARGV[2]) end
        end
        """

    /// Lets time pass.
    func pass(_ time: Duration) async throws {
        try await command("EVAL", StoreHarness.passing, "0", "*", "\(time.milliseconds)")
    }

    /// Lets time pass until a mail's link has just expired.
    func expire(_ mail: SentMail) async throws {
        let left = try await number("PTTL", mail.tokenKey)
        // What was kept a moment later than the link ends a moment later.
        try await pass(.milliseconds(left - retention + 10))
    }

    // MARK: - Redis

    /// Sends a command to Redis as it is.
    @discardableResult
    func command(_ words: String...) async throws -> RESPValue {
        var command = RedisCommand(words[0])
        for word in words.dropFirst() { command.append(word) }
        return try await redis.send(command)
    }

    /// The number that Redis answers a command with.
    func number(_ name: String, _ key: String) async throws -> Int {
        let reply = try await command(name, key)
        guard case .integer(let number) = reply else { throw NotAsExpected(reply: reply) }
        return number
    }

    /// The names of all keys that start so.
    func keys(_ prefix: String) async throws -> Set<String> {
        let reply = try await command("KEYS", prefix + "*")
        guard case .array(let keys) = reply else { throw NotAsExpected(reply: reply) }
        let names: [String] = keys.compactMap { key in
            guard case .bulk(let name) = key else { return nil }
            return String(decoding: name, as: UTF8.self)
        }
        return Set(names)
    }

    /// All that is in Redis now.
    func snapshot() async throws -> Snapshot {
        try Snapshot(reply: try await command("EVAL", Snapshot.script, "0"))
    }
}

/// A request was not admitted that should have been.
struct NotAdmitted: Error {
    let admission: Admission
}

/// A link was not opened that should have been.
struct NotOpened: Error {
    let opening: ExchangeResult
}

/// All that is in Redis at one moment.
struct Snapshot: Sendable, Equatable {
    struct Entry: Sendable, Equatable {
        /// As `DUMP` gives it.
        let value: [UInt8]
        /// When it ends, in Unix milliseconds; -1 for never.
        let end: Int
    }

    let entries: [String: Entry]

    fileprivate static let script = """
        local all = {}
        for _, key in ipairs(redis.call('KEYS', '*')) do
          all[#all + 1] = key
          all[#all + 1] = redis.call('DUMP', key)
          all[#all + 1] = redis.call('PEXPIRETIME', key)
        end
        return all
        """

    fileprivate init(reply: RESPValue) throws {
        guard case .array(let values) = reply, values.count.isMultiple(of: 3) else { throw NotAsExpected(reply: reply) }
        var entries: [String: Entry] = [:]
        for index in stride(from: 0, to: values.count, by: 3) {
            guard case .bulk(let key) = values[index], case .bulk(let value) = values[index + 1],
                case .integer(let end) = values[index + 2]
            else { throw NotAsExpected(reply: reply) }
            entries[String(decoding: key, as: UTF8.self)] = Entry(value: value, end: end)
        }
        self.entries = entries
    }

    /// The keys that are not as they were: other values or ends, new keys and those that are gone.
    func changes(since earlier: Snapshot) -> Set<String> {
        Set(entries.keys).union(earlier.entries.keys).filter { entries[$0] != earlier.entries[$0] }
    }
}

extension Verification {
    /// Who was signed in; `nil` where nobody was.
    var person: SignedIn? { if case .signedIn(let person, _) = self { person } else { nil } }

    var address: String? { person?.record.email.text }

    var isRefused: Bool { if case .refused = self { true } else { false } }

    var isLimited: Bool { if case .limited = self { true } else { false } }

    var quota: Quota? {
        switch self {
        case .signedIn(_, let quota), .refused(_, let quota), .limited(_, let quota): quota
        }
    }
}

extension LinkState {
    /// The state in a word.
    var word: String {
        switch self {
        case .live: "live"
        case .unusable(.used, _): "used"
        case .unusable(.expired, _): "expired"
        case .unusable(.superseded, _): "ended"
        case .unknown: "unknown"
        }
    }

    var record: TokenRecord? {
        switch self {
        case .live(let record), .unusable(_, let record): record
        case .unknown: nil
        }
    }
}

extension ExchangeResult {
    /// The outcome in a word: that of the state that stood in the way, or `opened` or `limited`.
    var word: String {
        switch self {
        case .exchanged: "opened"
        case .notExchanged(let state): state.word
        case .limited: "limited"
        }
    }
}
