import MailQueue
import Platform
import Redis
import TestSupport
import Testing

@testable import SignIn

/// Compares the script's buckets with a model in Swift.
///
/// The script is the one that is shipped, in a real Redis. Only `TIME` is answered by the test, so that a day passes at
/// once. Keys do not expire; the test checks instead that the script sets the right lifetime.
@Suite
struct BucketModelTests {
    private static let clock = """
        local server = redis
        local redis = {}
        function redis.call(command, ...)
          if command == 'TIME' then return { ARGV[#ARGV - 1], ARGV[#ARGV] } end
          return server.call(command, ...)
        end
        function redis.pcall(command, ...)
          local words = { ... }
          if command == 'SET' and words[3] == 'EX' then
            local left = struct.unpack('>I8', words[2]) - (ARGV[#ARGV - 1] * 1000000 + ARGV[#ARGV])
            local lifetime = words[4] * 1000000
            if lifetime < left or lifetime >= left + 1000000 then error('expires after ' .. words[4]) end
            return server.call('SET', words[1], words[2])
          end
          return server.pcall(command, ...)
        end

        """

    @Test("random calls at random times get the model's replies, in all of 10,000 sequences")
    func model() async throws {
        let server = try await RedisServer()
        let client = try await StoreHarness.client(for: server)
        let text = Buckets.script + MailQueue.addJobFunction + PackageResources.SendMagicLink_lua
        let script = BucketModelTests.clock + String(decoding: text, as: UTF8.self)
        let reply = try await client.send(RedisCommand("SCRIPT", "LOAD", script))
        guard case .bulk(let digest) = reply else {
            Issue.record("\(reply)")
            return
        }
        let sha = String(decoding: digest, as: UTF8.self)
        let failures = try await withThrowingTaskGroup(of: String?.self) { group in
            // Enough concurrent tasks to fill the pipeline.
            for task in 0..<50 {
                group.addTask {
                    for sequence in 0..<200 {
                        var run = Sequence(seed: UInt64(task * 200 + sequence), client: client, sha: sha)
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
        #expect(try server.callCount(of: "evalsha") > 100_000)
    }
}

/// One sequence of calls with the same buckets.
private struct Sequence {
    private var random: SeededGenerator
    private let seed: UInt64
    private let client: RedisClient
    private let sha: String
    private let limits: [RateLimit]
    private var model: [BucketModel]
    /// The number of the client's own buckets.
    private let ownCount: Int
    /// The number of the deployment's bucket, which is the last one, or 0 if there is none.
    private let deploymentNumber: Int
    /// The test's clock, in microseconds. It can go back.
    private var now = 1_700_000_000_000_000

    init(seed: UInt64, client: RedisClient, sha: String) {
        self.seed = seed
        self.client = client
        self.sha = sha
        var random = SeededGenerator(seed: seed)
        let periods = [Duration.seconds(1), .seconds(10), .seconds(60), .seconds(900), .seconds(86_400)]
        var limits: [RateLimit] = []
        while limits.count < 1 + Int(seed % 6) {
            let burst = [1, 2, 3, 7, 10, 1000, 1_000_000].randomElement(using: &random) ?? 1
            if let limit = RateLimit(burst: burst, period: periods.randomElement(using: &random) ?? .seconds(1)) {
                limits.append(limit)
            }
        }
        self.limits = limits
        ownCount = Int.random(in: 0...limits.count, using: &random)
        deploymentNumber = Bool.random(using: &random) && ownCount < limits.count ? limits.count : 0
        self.random = random
        model = limits.map { BucketModel($0) }
    }

    /// Makes calls until a reply differs from the model's, and returns the difference.
    mutating func firstDifference() async throws -> String? {
        for step in 0..<Int.random(in: 8...14, using: &random) {
            now += timeStep()
            let expected = expectedReply()
            let reply = try await call(step)
            if reply != expected {
                return "seed \(seed), step \(step), limits \(limits), \(ownCount) own: \(reply) instead of \(expected)"
            }
        }
        return nil
    }

    private mutating func timeStep() -> Int {
        let limit = limits.randomElement(using: &random) ?? limits[0]
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<4: return Int.random(in: 0...3, using: &random)
        case 4: return limit.microsecondsPerToken - 1
        case 5: return limit.microsecondsPerToken
        case 6: return Int.random(in: 0...(2 * limit.microsecondsPerToken), using: &random)
        case 7: return Int.random(in: 0...(2 * limit.period.microseconds), using: &random)
        case 8: return -Int.random(in: 0...(3 * limit.microsecondsPerToken), using: &random)
        default: return -Int.random(in: 0...(2 * limit.period.microseconds), using: &random)
        }
    }

    /// The model's reply, in the script's form. Takes from all buckets; from the client's own, if only others refuse; or
    /// from none.
    private mutating func expectedReply() -> [Int] {
        let waits = model.map { $0.wait(at: now) }
        let longest = waits.max() ?? 0
        let isAdmitted = longest == 0
        let isClientRefused = waits.prefix(ownCount).contains { $0 > 0 }
        let charged = isAdmitted ? model.count : isClientRefused ? 0 : ownCount
        for index in 0..<charged { model[index].take(at: now) }
        let refusing = isAdmitted ? 0 : (waits.firstIndex(of: longest) ?? 0) + 1
        let pressed = deploymentNumber > 0 ? model[deploymentNumber - 1].pressed(at: now) : -1
        return [isAdmitted ? 1 : 0, refusing, longest, model[0].tokens(at: now), model[0].missing(at: now), pressed]
    }

    private func call(_ step: Int) async throws -> [Int] {
        var command = RedisCommand("EVALSHA", sha)
        command.append(2 + limits.count)
        command.append("links:\(seed)")
        command.append("mail")
        for index in limits.indices { command.append("bucket:\(seed):\(index)") }
        let link = ["id\(step)", "record", "portal", "-", "900000", "0", "use", "192.0.2.1", "192.0.2.0/24"]
        for text in link + ["", "", "", "600000", "k1", "job", "10000000"] { command.append(text) }
        var settings = [UInt8(ownCount), UInt8(deploymentNumber)]
        for limit in limits {
            for number in [limit.burst * limit.microsecondsPerToken, limit.microsecondsPerToken] {
                settings += (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
            }
        }
        command.append(settings)
        command.append(now / 1_000_000)
        command.append(now % 1_000_000)
        guard case .array(let elements) = try await client.send(command) else { return [] }
        return elements.compactMap { if case .integer(let number) = $0 { number } else { nil } }
    }
}

/// A model of a bucket. Some of its tokens are missing, and return one after another.
private struct BucketModel {
    private let limit: RateLimit
    /// The time at which the bucket is full, in microseconds.
    private var isFullAt = 0

    init(_ limit: RateLimit) {
        self.limit = limit
    }

    private var capacity: Int { limit.burst * limit.microsecondsPerToken }

    /// The microseconds until the bucket is full: at most those of an empty bucket, whatever the clock does.
    func missing(at now: Int) -> Int {
        min(capacity, max(0, isFullAt - now))
    }

    /// The number of whole tokens in the bucket.
    func tokens(at now: Int) -> Int {
        (capacity - missing(at: now)) / limit.microsecondsPerToken
    }

    /// The tokens if more than half of them are used, otherwise -1.
    func pressed(at now: Int) -> Int {
        2 * missing(at: now) > capacity ? tokens(at: now) : -1
    }

    /// The microseconds until the bucket has a token.
    func wait(at now: Int) -> Int {
        guard tokens(at: now) == 0 else { return 0 }
        return limit.microsecondsPerToken - (capacity - missing(at: now))
    }

    mutating func take(at now: Int) {
        isFullAt = now + missing(at: now) + limit.microsecondsPerToken
    }
}
