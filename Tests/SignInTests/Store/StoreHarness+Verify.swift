import Cryptography
import Net
import Platform
import Redis
import TestSupport
import Testing

@testable import SignIn

/// An admitted request, with the secrets in its email and in its response.
struct SentMail: Sendable {
    let link: MagicLink
    /// In the response, and not in the email.
    let handle: CodeHandle
    let code: SignInCode

    var token: LoginToken { link.token }
    /// The key of the link, and of the others at its place.
    var linksKey: String { "postern:links:\(token.place.text)" }

    /// An exchange token for the link.
    func newExchangeToken() throws -> LoginToken { try LoginToken(at: token.place, random: .system) }
}

/// The kinds of credentials that one request gives.
enum CredentialKind: String, Sendable, CaseIterable {
    /// The token in the link.
    case mailedToken
    /// The token that the confirmation page gives for the mailed one.
    case exchangeToken
    case code
}

/// A credential that a client presents to sign in.
enum Credential: Sendable {
    case token(LoginToken?)
    case code(SignInCode, of: CodeHandle?)
}

/// A code of six digits.
func sixDigits(_ text: String) throws -> SignInCode {
    try #require(SignInCode(parsing: text))
}

/// The challenge of the verifier that is 43 times one letter; `nil` without a letter.
func challenge(_ letter: Character?) throws -> CodeChallenge? {
    letter.map { CodeChallenge(of: CodeVerifier(text: String(repeating: $0, count: 43))) }
}

extension SignInStore {
    /// Verifies a token or a code.
    /// - Parameter client: the client's IP address, or `nil` if unknown.
    func verify(
        _ credential: Credential, challenge: CodeChallenge? = nil, at portal: Origin? = nil,
        from client: String? = "192.0.2.1"
    ) async throws -> Verification {
        let address = client.flatMap { IPAddress(parsing: $0) }
        switch credential {
        case .token(let token): return try await verify(token, challenge: challenge, at: portal, from: address)
        case .code(let code, let handle):
            return try await verify(code, of: handle, challenge: challenge, at: portal, from: address)
        }
    }
}

extension StoreHarness {
    // MARK: - Credentials

    /// Requests an email with a link and a code.
    func mail(
        to address: String = "ada@example.com", for portal: String = "https://portal.example.com",
        next: String? = nil, challenge: CodeChallenge? = nil, code: String = "271828",
        from client: IPAddress = .v4(0xC000_0201)
    ) async throws -> SentMail {
        let link = try StoreHarness.link(to: address, for: portal, next: next, challenge: challenge)
        let mail = SentMail(
            link: link, handle: try CodeHandle(at: link.token.place, random: .system), code: try sixDigits(code))
        let request = SignInRequest(
            link: mail.link, recipient: try #require(EmailAddress(parsing: address)), challenge: challenge,
            codeRequest: SignInRequest.CodeRequest(handle: mail.handle, code: mail.code))
        let admission = try await store.admit(request, from: client, at: .now())
        guard case .admitted = admission else { throw NotAdmitted(admission: admission) }
        return mail
    }

    /// Presses the button on the page of an email's link.
    /// - Returns: the exchange token.
    func press(_ mail: SentMail) async throws -> LoginToken {
        let exchangeToken = try mail.newExchangeToken()
        let result = try await store.exchange(mail.token, for: exchangeToken, from: .v4(0xC000_0201))
        guard case .exchanged = result else { throw NotExchanged(result: result) }
        return exchangeToken
    }

    /// A credential of an email. For an exchange token, the button is pressed now.
    func credential(_ kind: CredentialKind, of mail: SentMail) async throws -> Credential {
        switch kind {
        case .mailedToken: return .token(mail.token)
        case .exchangeToken: return .token(try await press(mail))
        case .code: return .code(mail.code, of: mail.handle)
        }
    }

    /// Verifies a token.
    func verify(
        _ token: LoginToken?, challenge: CodeChallenge? = nil, from client: String? = "192.0.2.1"
    ) async throws -> Verification {
        try await store.verify(.token(token), challenge: challenge, from: client)
    }

    /// Verifies a code, which need not be the email's.
    func verify(
        code: String, of handle: CodeHandle?, challenge: CodeChallenge? = nil, from client: String? = "192.0.2.1"
    ) async throws -> Verification {
        try await store.verify(.code(try sixDigits(code), of: handle), challenge: challenge, from: client)
    }

    /// Verifies a number of wrong codes, and expects each to be refused.
    func guess(_ count: Int, of mail: SentMail, from client: String = "192.0.2.1") async throws {
        for number in 0..<count {
            let answer = try await verify(code: "\(900_000 + number)", of: mail.handle, from: client)
            #expect(answer.isRefused)
        }
    }

    /// Verifies many times at once, over four connections of its own.
    func concurrently(
        _ count: Int = 64, _ body: @escaping @Sendable (SignInStore, Int) async throws -> Verification
    ) async throws -> [Verification] {
        var connected: [SignInStore] = []
        for _ in 0..<4 {
            let client = try await StoreHarness.client(for: server)
            // The connections are ready before the first call, so that all calls are concurrent.
            _ = try await client.send(RedisCommand("PING"))
            connected.append(try StoreHarness.store(client, policy))
        }
        let stores = connected
        return try await withThrowingTaskGroup(of: Verification.self) { group in
            for index in 0..<count {
                group.addTask { try await body(stores[index % stores.count], index) }
            }
            return try await group.reduce(into: [Verification]()) { answers, answer in answers.append(answer) }
        }
    }

    // MARK: - Redis

    /// Sends a command to Redis as it is.
    @discardableResult
    func command(_ words: String...) async throws -> RESPValue {
        var command = RedisCommand(words[0])
        for word in words.dropFirst() { command.append(word) }
        return try await redis.send(command)
    }

    /// The integer that Redis answers a command with.
    func number(_ name: String, _ key: String) async throws -> Int {
        let reply = try await command(name, key)
        guard case .integer(let number) = reply else { throw NotAsExpected(reply: reply) }
        return number
    }

    /// The names of all keys with a prefix.
    func keys(_ prefix: String) async throws -> Set<String> {
        let reply = try await command("KEYS", prefix + "*")
        guard case .array(let keys) = reply else { throw NotAsExpected(reply: reply) }
        let names: [String] = keys.compactMap { key in
            guard case .bulk(let name) = key else { return nil }
            return String(decoding: name, as: UTF8.self)
        }
        return Set(names)
    }

    /// The contents of Redis now.
    func snapshot() async throws -> Snapshot {
        try Snapshot(reply: try await command("EVAL", Snapshot.script, "0"))
    }
}

/// A request was not admitted, although it should have been.
struct NotAdmitted: Error {
    let admission: Admission
}

/// A token was not exchanged, although it should have been.
struct NotExchanged: Error {
    let result: ExchangeResult
}

/// The contents of Redis at one moment.
struct Snapshot: Sendable, Equatable {
    struct Entry: Sendable, Equatable {
        /// The value as `DUMP` returns it.
        let value: [UInt8]
        /// The time of expiry, in Unix milliseconds; -1 for never.
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

    /// The keys that differ: those with another value or time of expiry, new keys, and deleted keys.
    func changes(since earlier: Snapshot) -> Set<String> {
        Set(entries.keys).union(earlier.entries.keys).filter { entries[$0] != earlier.entries[$0] }
    }
}

extension Verification {
    /// The completed sign-in; `nil` if the verification was refused or limited.
    var person: SignedIn? { if case .signedIn(let person, _) = self { person } else { nil } }

    var address: String? { person?.record.email.text }

    var isRefused: Bool { if case .refused = self { true } else { false } }

    var isLimited: Bool { if case .limited = self { true } else { false } }

    var quota: Quota? {
        switch self {
        case .signedIn(_, let quota), .refused(_, let quota, _), .limited(_, _, let quota): quota
        }
    }
}

extension LinkState {
    /// The state as a word.
    var word: String {
        switch self {
        case .live: "live"
        case .unusable(.used, _): "used"
        case .unusable(.expired, _): "expired"
        case .unusable(.superseded, _): "superseded"
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
    /// The result as a word: `exchanged`, `limited`, or the state that prevents the exchange.
    var word: String {
        switch self {
        case .exchanged: "exchanged"
        case .notExchanged(let state): state.word
        case .limited: "limited"
        }
    }
}
