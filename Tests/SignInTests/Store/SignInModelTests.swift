import Cryptography
import Net
import Platform
import Redis
import TestSupport
import Testing

@testable import SignIn

@Suite(.timeLimit(.minutes(5)))
struct SignInModelTests {
    @Test("random requests, exchanges and verifications have the model's outcomes, in all of 320 sequences")
    func model() async throws {
        let server = try await RedisServer()
        let redis = try await StoreHarness.client(for: server)
        let failures = try await withThrowingTaskGroup(of: String?.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for sequence in 0..<40 {
                        var run = try SignInRun(seed: UInt64(task * 40 + sequence), redis: redis)
                        if let failure = try await run.firstDifference() { return failure }
                    }
                    return nil
                }
            }
            return try await group.reduce(into: [String]()) { failures, failure in
                if let failure { failures.append(failure) }
            }
        }
        #expect(failures == [])
        #expect(try server.callCount(of: "evalsha") > 10_000)
    }
}

/// One sequence of steps on keys of its own.
private struct SignInRun {
    private static let addresses = ["ada@example.com", "Ada@EXAMPLE.com", "bob@example.com"]
    private static let portals = ["https://portal.example.com", "https://other.example.com"]
    /// The percentage of each step: an email, a press of a button, the mailed token, the exchange token, the right
    /// code, a wrong code, an inspection, and time.
    private static let mixes = [
        [18, 14, 14, 16, 10, 14, 6, 8],
        // Codes are guessed.
        [15, 5, 3, 3, 8, 56, 2, 8],
        // Buttons are pressed late.
        [12, 28, 5, 25, 3, 5, 5, 17],
    ]

    private let seed: UInt64
    private let redis: RedisClient
    private let store: SignInStore
    private let prefix: String
    private let mix: Int
    private var random: SeededGenerator
    private var model: SignInModel
    /// The emails and the exchange tokens, by their numbers in the model.
    private var mails: [SentMail] = []
    private var exchangeTokens: [LoginToken] = []
    private var signIns: [Int: Int] = [:]
    private var trace: [String] = []

    init(seed: UInt64, redis: RedisClient) throws {
        self.seed = seed
        self.redis = redis
        random = SeededGenerator(seed: seed)
        prefix = "run\(seed):"
        mix = Int(seed) / 12 % 3
        let retention = seed % 3 == 0 ? 0 : 86_400
        let isNewestOnly = seed % 4 != 0
        let policy = try StoreHarness.policy(
            maximumQueueLength: 10_000, retention: .seconds(retention), isNewestOnly: isNewestOnly)
        store = try StoreHarness.store(redis, policy, keyPrefix: prefix)
        model = SignInModel(isNewestOnly: isNewestOnly, retention: retention)
    }

    /// Takes steps until an outcome differs from the model's, and returns the difference.
    mutating func firstDifference() async throws -> String? {
        for _ in 0..<60 {
            let (expected, outcome) = try await step()
            if let last = trace.indices.last { trace[last] += " -> \(outcome)" }
            if case .signedIn(let mail) = outcome { signIns[mail, default: 0] += 1 }
            if outcome != expected {
                return "seed \(seed): \(trace.joined(separator: "; ")), instead of \(expected)"
            }
        }
        if let twice = signIns.first(where: { $0.value > 1 }) {
            return "seed \(seed): mail \(twice.key) signed in twice"
        }
        try await clear()
        return nil
    }

    private mutating func step() async throws -> (expected: StepOutcome, outcome: StepOutcome) {
        guard !mails.isEmpty else { return try await send() }
        var rest = Int.random(in: 0..<100, using: &random)
        var step = 0
        while rest >= SignInRun.mixes[mix][step] {
            rest -= SignInRun.mixes[mix][step]
            step += 1
        }
        switch step {
        case 0: return try await send()
        case 1: return try await press()
        case 2: return try await verifyMailed()
        case 3: return try await verifyExchangeToken()
        case 4: return try await verifyCode(isRight: true)
        case 5: return try await verifyCode(isRight: false)
        case 6: return try await inspect()
        default: return try await pass()
        }
    }

    // MARK: - Steps

    private mutating func send() async throws -> (expected: StepOutcome, outcome: StepOutcome) {
        let number = mails.count
        let address = SignInRun.addresses.randomElement(using: &random) ?? ""
        let portal = SignInRun.portals.randomElement(using: &random) ?? ""
        let verifier: Character? = Bool.random(using: &random) ? nil : "a"
        trace.append("mail \(number) to \(address) for \(portal), verifier \(verifier ?? "-")")
        let link = try StoreHarness.link(
            to: address, for: portal, next: "/n/\(number)", challenge: challenge(verifier))
        let mail = SentMail(
            link: link, handle: try CodeHandle(at: link.token.place, random: .system),
            code: try sixDigits("\(100_000 + number)"))
        mails.append(mail)
        model.send(to: address.lowercased(), for: portal, verifier: verifier)
        let request = SignInRequest(
            link: mail.link, recipient: try #require(EmailAddress(parsing: address)),
            challenge: try challenge(verifier),
            codeRequest: SignInRequest.CodeRequest(handle: mail.handle, code: mail.code))
        let admission = try await store.admit(request, from: nil, at: .now())
        guard case .admitted = admission else { return (.done, .wrong("not admitted")) }
        return (.done, .done)
    }

    private mutating func press() async throws -> (expected: StepOutcome, outcome: StepOutcome) {
        let mail = someMail()
        let token = try mails[mail].newExchangeToken()
        trace.append("press \(mail) for exchange token \(exchangeTokens.count)")
        exchangeTokens.append(token)
        let result = try await store.exchange(mails[mail].token, for: token, from: nil)
        return (model.press(mail), .link(result.word))
    }

    private mutating func verifyMailed() async throws -> (expected: StepOutcome, outcome: StepOutcome) {
        let mail = someMail()
        let verifier = someVerifier(for: mail)
        trace.append("token \(mail), verifier \(verifier ?? "-")")
        let answer = try await store.verify(.token(mails[mail].token), challenge: challenge(verifier), from: nil)
        return (model.verify(mailedToken: mail, verifier: verifier), outcome(of: answer))
    }

    private mutating func verifyExchangeToken() async throws -> (expected: StepOutcome, outcome: StepOutcome) {
        guard let number = someExchangeToken() else { return try await press() }
        let verifier = someVerifier(for: model.exchangeTokens[number].mail)
        trace.append("exchange token \(number), verifier \(verifier ?? "-")")
        let answer = try await store.verify(.token(exchangeTokens[number]), challenge: challenge(verifier), from: nil)
        return (model.verify(exchangeToken: number, verifier: verifier), outcome(of: answer))
    }

    private mutating func verifyCode(isRight: Bool) async throws -> (expected: StepOutcome, outcome: StepOutcome) {
        let mail = someMail()
        let verifier = someVerifier(for: mail)
        trace.append("\(isRight ? "right" : "wrong") code of \(mail), verifier \(verifier ?? "-")")
        let code = try isRight ? mails[mail].code : sixDigits("\(500_000 + mail)")
        let answer = try await store.verify(
            .code(code, of: mails[mail].handle), challenge: challenge(verifier), from: nil)
        return (model.verify(codeOf: mail, isRight: isRight, verifier: verifier), outcome(of: answer))
    }

    private mutating func inspect() async throws -> (expected: StepOutcome, outcome: StepOutcome) {
        let mail = someMail()
        trace.append("inspect \(mail)")
        let state = try await store.state(of: mails[mail].token)
        return (.link(model.state(of: mail)), .link(state.word))
    }

    /// Lets time pass, mostly a little.
    ///
    /// Entries that live for 60, 900, 3,600 or 87,300 seconds expire early by the time that the test itself takes. As
    /// times are multiples of 40 seconds, the test may take 20.
    private mutating func pass() async throws -> (expected: StepOutcome, outcome: StepOutcome) {
        var seconds = [40, 40, 40, 40, 80, 80, 400, 880, 920, 3600, 88_000].randomElement(using: &random) ?? 40
        // To twenty seconds before the last link expires, or to twenty after that.
        if mix == 2 { seconds = max(40, 880 - model.ageOfLast) }
        trace.append("\(seconds) seconds pass")
        try await pass(seconds)
        return (.done, .done)
    }

    private mutating func pass(_ seconds: Int) async throws {
        model.pass(seconds)
        let command = RedisCommand("EVAL", StoreHarness.passing, "0", prefix + "*", "\(seconds * 1000)")
        _ = try await redis.send(command)
    }

    // MARK: - Choices

    /// The number of an email, mostly of a recent one.
    private mutating func someMail() -> Int {
        let earliest = Bool.random(using: &random) ? max(0, mails.count - 3) : 0
        return Int.random(in: earliest..<mails.count, using: &random)
    }

    /// The number of an exchange token, mostly of a recent one; `nil` if there is none.
    private mutating func someExchangeToken() -> Int? {
        guard !exchangeTokens.isEmpty else { return nil }
        let earliest = Bool.random(using: &random) ? max(0, exchangeTokens.count - 3) : 0
        return Int.random(in: earliest..<exchangeTokens.count, using: &random)
    }

    /// A verifier, mostly the right one.
    private mutating func someVerifier(for mail: Int) -> Character? {
        switch Int.random(in: 0..<20, using: &random) {
        case 0: nil
        case 1: "a"
        case 2: "b"
        default: model.mails[mail].verifier
        }
    }

    /// The outcome of a verification. A record that is not that of the email is wrong.
    private func outcome(of answer: Verification) -> StepOutcome {
        switch answer {
        case .refused: return .refused
        case .limited: return .wrong("limited")
        case .signedIn(let person, _):
            let number = mails.firstIndex { String($0.token.digest.prefix(32)) == person.id }
            guard let number else { return .wrong("signed in with a token of no email") }
            let record = person.record
            guard record.email.text == model.mails[number].address,
                record.origin.description == model.mails[number].portal, record.next?.text == "/n/\(number)"
            else { return .wrong("signed in with email \(number) as somebody else") }
            return .signedIn(number)
        }
    }

    private func clear() async throws {
        let script = "for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end return 'done'"
        _ = try await redis.send(RedisCommand("EVAL", script, "0", prefix + "*"))
    }
}
