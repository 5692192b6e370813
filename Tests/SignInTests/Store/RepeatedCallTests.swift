import Net
import Redis
import TestSupport
import Testing

@testable import SignIn

/// A call whose reply was lost is sent again, unchanged. Here the test sends it again, from Redis' slow log, which has
/// all words of the call. Words of more than 128 bytes are cut off there; these are read only if there is no token.
@Suite(.timeLimit(.minutes(2)))
struct RepeatedCallTests {
    private static let day = Duration.seconds(86_400)

    /// A store on a server that logs all commands.
    private func logged(limits: SignInLimits = StoreHarness.noLimits) async throws -> StoreHarness {
        let harness = try await StoreHarness(limits: limits, retention: RepeatedCallTests.day)
        try await harness.command("CONFIG", "SET", "slowlog-log-slower-than", "0")
        return harness
    }

    // MARK: - Sign-in

    @Test(
        "a repeated call gets the same answer, however often, and changes nothing; another call is refused",
        arguments: CredentialKind.allCases)
    func signedIn(kind: CredentialKind) async throws {
        let harness = try await logged()
        let mail = try await harness.mail()
        let credential = try await harness.credential(kind, of: mail)
        #expect(try await harness.store.verify(credential).address == "ada@example.com")
        let call = try await harness.lastCall()
        let before = try await harness.snapshot()
        for _ in 0..<20 {
            let answer = try Answer(try await harness.redis.send(call))
            #expect(answer.verdict == 1)
            // The mailed token, sealed for the credential unless it is that, and the record that it opens.
            let token: LoginToken
            switch credential {
            case .token(let presented):
                let presented = try #require(presented)
                token =
                    try answer.sealed.isEmpty
                    ? presented
                    : LoginToken(
                        sealed: answer.sealed, for: presented, by: StoreHarness.tokenKeys)
            case .code(_, let handle):
                token = try CodeKeys(StoreHarness.keys).token(in: answer.sealed, for: try #require(handle))
            }
            #expect(token.digest == mail.token.digest)
            #expect(
                try TokenRecord(opening: answer.record, with: token, by: StoreHarness.tokenKeys).email.text
                    == "ada@example.com")
        }
        #expect(try await harness.snapshot() == before)
        #expect(try await harness.store.verify(credential).isRefused)
        // A newer link does not change the answer either.
        _ = try await harness.mail()
        let late = try Answer(try await harness.redis.send(call))
        #expect(late.verdict == 1)
    }

    @Test("a refused call is refused again, and changes nothing", arguments: CredentialKind.allCases)
    func refused(kind: CredentialKind) async throws {
        let harness = try await logged()
        let mail = try await harness.mail()
        let credential = try await harness.credential(kind, of: mail)
        _ = try await harness.store.verify(credential)
        #expect(try await harness.store.verify(credential).isRefused)
        let call = try await harness.lastCall()
        let before = try await harness.snapshot()
        let answer = try Answer(try await harness.redis.send(call))
        #expect(answer.verdict == -1)
        #expect(try await harness.snapshot() == before)
    }

    @Test("no two calls with one credential have the same id", arguments: CredentialKind.allCases)
    func callIDs(kind: CredentialKind) async throws {
        let harness = try await logged()
        let mail = try await harness.mail()
        let credential = try await harness.credential(kind, of: mail)
        var ids: Set<String> = []
        for _ in 0..<20 {
            _ = try await harness.store.verify(credential)
            // The id follows the command, the script, the number of keys, two keys and the id of the credential.
            ids.insert(try await harness.wordsOfLastCall()[6])
        }
        #expect(ids.count == 20)
        // Sixteen random bytes.
        #expect(ids.allSatisfy { $0.utf8.count == 32 })
    }

    @Test(
        "a repeated call gets the same answer even if the client's bucket is empty by now",
        arguments: CredentialKind.allCases)
    func limited(kind: CredentialKind) async throws {
        // For an exchange token, the press of the button takes from the bucket, too.
        let verification = try limit(kind == .exchangeToken ? "2/1d" : "1/1d")
        let harness = try await logged(
            limits: .init(
                client: nil, recipient: nil, deployment: nil, verification: verification, code: limit("1/1d")))
        let mail = try await harness.mail()
        let credential = try await harness.credential(kind, of: mail)
        #expect(try await harness.store.verify(credential).address == "ada@example.com")
        let call = try await harness.lastCall()
        #expect(try await harness.store.verify(credential).isLimited)
        let answer = try Answer(try await harness.redis.send(call))
        #expect(answer.verdict == 1)
    }

    // MARK: - Wrong codes

    @Test("a wrong code is one try, however often its call is repeated")
    func wrongCode() async throws {
        let harness = try await logged()
        let mail = try await harness.mail()
        for number in 0..<4 {
            #expect(try await harness.verify(code: "00000\(number)", of: mail.handle).isRefused)
            let call = try await harness.lastCall()
            let before = try await harness.snapshot()
            for _ in 0..<10 {
                let answer = try Answer(try await harness.redis.send(call))
                #expect(answer.verdict == -1)
            }
            #expect(try await harness.snapshot() == before)
        }
        #expect(try await harness.verify(code: mail.code.text, of: mail.handle).address == "ada@example.com")
    }

    @Test("the last try deletes the code, and changes nothing when it is repeated")
    func lastTry() async throws {
        let harness = try await logged(
            limits: .init(client: nil, recipient: nil, deployment: nil, code: limit("1000/1d")))
        let mail = try await harness.mail()
        try await harness.guess(5, of: mail)
        let call = try await harness.lastCall()
        let before = try await harness.snapshot()
        #expect(try await harness.hasCode(mail) == false)
        let answer = try Answer(try await harness.redis.send(call))
        #expect(answer.verdict == -1)
        #expect(try await harness.snapshot() == before)
    }

    // MARK: - Exchanges

    @Test("a repeated exchange is for the same exchange token")
    func exchanged() async throws {
        let harness = try await logged()
        let mail = try await harness.mail()
        let exchangeToken = try await harness.press(mail)
        let call = try await harness.lastCall()
        for _ in 0..<5 {
            let answer = try Answer(try await harness.redis.send(call))
            #expect(answer.verdict == 1)
        }
        #expect(try await harness.keys("postern:links:").count == 1)
        #expect(try await harness.verify(exchangeToken).address == "ada@example.com")
        // Once the link is used, the call is refused.
        let late = try Answer(try await harness.redis.send(call))
        #expect(late.verdict == -1)
        #expect(try await harness.verify(exchangeToken).isRefused)
        #expect(try await harness.store.state(of: mail.token).word == "used")
    }
}

/// The reply of a script: its verdict, and the values that follow the four integers of the buckets.
private struct Answer {
    let verdict: Int
    let sealed: [UInt8]
    let record: [UInt8]

    init(_ reply: RESPValue) throws {
        guard case .array(let values) = reply, case .integer(let verdict)? = values.first else {
            throw NotAsExpected(reply: reply)
        }
        let bytes: [[UInt8]] = values.dropFirst(5).compactMap { value in
            guard case .bulk(let bytes) = value else { return nil }
            return bytes
        }
        self.verdict = verdict
        let holdsToken = bytes.count == 2
        sealed = holdsToken ? bytes[0] : []
        record = bytes.last ?? []
    }
}

extension StoreHarness {
    /// The words of the last call of a script.
    fileprivate func lastWords() async throws -> [[UInt8]] {
        let log = try await command("SLOWLOG", "GET", "50")
        guard case .array(let entries) = log else { throw NotAsExpected(reply: log) }
        // The newest is first; each is an id, a time, a duration, the words, and who called.
        for entry in entries {
            guard case .array(let parts) = entry, parts.count > 3, case .array(let elements) = parts[3] else {
                continue
            }
            let words: [[UInt8]] = elements.compactMap { element in
                guard case .bulk(let word) = element else { return nil }
                return word
            }
            if words.first == Array("EVALSHA".utf8) { return words }
        }
        throw NotAsExpected(reply: log)
    }

    fileprivate func wordsOfLastCall() async throws -> [String] {
        try await lastWords().map { String(decoding: $0, as: UTF8.self) }
    }

    /// The last call of a script, to be sent again.
    fileprivate func lastCall() async throws -> RedisCommand {
        var call = RedisCommand("EVALSHA")
        for word in try await lastWords().dropFirst() { call.append(word) }
        return call
    }
}
