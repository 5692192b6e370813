@testable import SignIn
import Net
import Redis
import Testing
import TestSupport

/// A call whose answer was lost is sent once more, as it was. Here the test sends it: Redis' slow log has it, word for
/// word, but for the ends of those beyond 128 bytes. Those are only read where there is no token.
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
        "it is answered as before, however often, and changes nothing; another call is refused",
        arguments: Way.allCases)
    func signedIn(way: Way) async throws {
        let harness = try await logged()
        let mail = try await harness.mail()
        let bearer = try await harness.bearer(of: mail, by: way)
        #expect(try await harness.store.verify(bearer).address == "ada@example.com")
        let call = try await harness.lastCall()
        let before = try await harness.snapshot()
        for _ in 0..<20 {
            let answer = try Answer(try await harness.redis.send(call))
            #expect(answer.verdict == 1)
            // The mailed token, sealed for who brought another, and the record that it opens.
            let token: LoginToken
            switch bearer {
            case .token(let bearing):
                let bearing = try #require(bearing)
                token = try answer.sealed.isEmpty ? bearing : LoginToken(sealed: answer.sealed, for: bearing)
            case .code(_, let handle):
                token = try CodeKeys(StoreHarness.keys).token(
                    in: answer.sealed, keyID: answer.keyID, for: try #require(handle))
            }
            #expect(token.digest == mail.token.digest)
            #expect(try TokenRecord(opening: answer.record, with: token).email.text == "ada@example.com")
        }
        #expect(try await harness.snapshot() == before)
        #expect(try await harness.store.verify(bearer).isRefused)
        // Nor does a newer link change its answer.
        _ = try await harness.mail()
        let late = try Answer(try await harness.redis.send(call))
        #expect(late.verdict == 1)
    }

    @Test("one that was refused is refused again, and changes nothing", arguments: Way.allCases)
    func refused(way: Way) async throws {
        let harness = try await logged()
        let mail = try await harness.mail()
        let bearer = try await harness.bearer(of: mail, by: way)
        _ = try await harness.store.verify(bearer)
        #expect(try await harness.store.verify(bearer).isRefused)
        let call = try await harness.lastCall()
        let before = try await harness.snapshot()
        let answer = try Answer(try await harness.redis.send(call))
        #expect(answer.verdict == -1)
        #expect(try await harness.snapshot() == before)
    }

    @Test("its name is its own: no two calls with one token have the same", arguments: Way.allCases)
    func names(way: Way) async throws {
        let harness = try await logged()
        let mail = try await harness.mail()
        let bearer = try await harness.bearer(of: mail, by: way)
        var names: Set<String> = []
        for _ in 0..<20 {
            _ = try await harness.store.verify(bearer)
            // The command, its script, one key and that; the prefix; the name.
            names.insert(try await harness.wordsOfLastCall()[5])
        }
        #expect(names.count == 20)
        // Sixteen random bytes.
        #expect(names.allSatisfy { $0.utf8.count == 32 })
    }

    @Test("it is answered as before also where its client's bucket is empty by now", arguments: Way.allCases)
    func limited(way: Way) async throws {
        // The fresh token's button takes one, too.
        let verification = try limit(way == .fresh ? "2/1d" : "1/1d")
        let harness = try await logged(
            limits: .init(
                client: nil, recipient: nil, deployment: nil, verification: verification, code: limit("1/1d")))
        let mail = try await harness.mail()
        let bearer = try await harness.bearer(of: mail, by: way)
        #expect(try await harness.store.verify(bearer).address == "ada@example.com")
        let call = try await harness.lastCall()
        #expect(try await harness.store.verify(bearer).isLimited)
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

    @Test("the last try that there is destroys the code, and repeated changes nothing")
    func lastTry() async throws {
        let harness = try await logged()
        let mail = try await harness.mail()
        try await harness.guess(5, of: mail)
        let call = try await harness.lastCall()
        let before = try await harness.snapshot()
        #expect(before.entries[mail.requestKey] == nil)
        let answer = try Answer(try await harness.redis.send(call))
        #expect(answer.verdict == -1)
        #expect(try await harness.snapshot() == before)
    }

    // MARK: - ExchangeResults

    @Test("a link that is opened is opened for the same fresh token again")
    func opened() async throws {
        let harness = try await logged()
        let mail = try await harness.mail()
        let fresh = try await harness.press(mail)
        let call = try await harness.lastCall()
        for _ in 0..<5 {
            let answer = try Answer(try await harness.redis.send(call))
            #expect(answer.verdict == 1)
        }
        #expect(try await harness.keys("postern:token:").count == 2)
        #expect(try await harness.verify(fresh).address == "ada@example.com")
        // Once somebody is signed in it opens nothing any more.
        let late = try Answer(try await harness.redis.send(call))
        #expect(late.verdict == -1)
        #expect(try await harness.verify(fresh).isRefused)
        #expect(try await harness.store.state(of: mail.token).word == "used")
    }
}

/// What a script answered: its verdict, and what follows the buckets' four numbers.
private struct Answer {
    let verdict: Int
    let sealed: [UInt8]
    let keyID: String
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
        let holdsToken = bytes.count == 3
        sealed = holdsToken ? bytes[0] : []
        keyID = holdsToken ? String(decoding: bytes[1], as: UTF8.self) : ""
        record = holdsToken ? bytes[2] : bytes.last ?? []
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
