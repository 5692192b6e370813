import Cryptography
import Redis
import TestSupport
import Testing
import Web

@Suite
struct IdempotencyTests {
    @Test("the same request with the same key has the same answer, and mails nothing again")
    func same() async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        for member in [#","send":false"#, #","send":true"#] {
            let key = "key \(member)".replacing(" ", with: "-")
            let first = await harness.issue(member, key: key)
            #expect(first.status == 200)
            let again = await harness.issue(member, key: key)
            #expect(again.text == first.text)
        }
        #expect(try await harness.jobs().count == 1)
    }

    @Test("of many concurrent requests with one key, one makes a link")
    func concurrent() async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        let answers = await withTaskGroup(of: String.self, returning: Set<String>.self) { group in
            for _ in 0..<64 { group.addTask { await harness.issue(key: "one-mail").text } }
            return await group.reduce(into: []) { $0.insert($1) }
        }
        #expect(answers.count == 1)
        #expect(try await harness.jobs().count == 1)
    }

    @Test("another request with the same key is refused, and changes nothing")
    func reused() async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        #expect(await harness.issue(key: "k").status == 200)
        let other = await harness.issue(#","purpose":"invite""#, key: "k")
        #expect(other.status == 422)
        #expect(other["code"] == "idempotency_key_reused")
        #expect(try await harness.jobs().count == 1)
    }

    @Test("callers do not share keys, and a request without one is always new")
    func separate() async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        var ids: Set<String?> = []
        for (caller, key) in [("one", "k"), ("two", "k"), ("one", nil), ("one", nil)] {
            ids.insert(await harness.issue(caller: caller, key: key)["id"])
        }
        #expect(ids.count == 4)
        #expect(try await harness.jobs().count == 4)
    }

    static let malformedKeys = [" ", "a b", "\u{E9}", "a, b\u{7F}", String(repeating: "k", count: 256)]

    @Test("a key is 1 to 255 visible ASCII characters", arguments: IdempotencyTests.malformedKeys)
    func malformed(_ key: String) async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        let answer = await harness.issue(key: key)
        #expect(answer.status == 400)
        #expect(answer.text.contains(#""path":"Idempotency-Key""#))
        #expect(await harness.issue(key: String(repeating: "k", count: 255)).status == 200)
    }

    @Test("the name of an answer in Redis is not a digest that a reader could try")
    func name() async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        _ = await harness.issue(key: "k")
        let name = try #require(try await harness.names("postern:answer:*").first)
        // By Python: HMAC-SHA-256 of "one k", keyed with HKDF-Expand of the bytes 0 to 31 for
        // `postern idempotency key 1`.
        #expect(name == "postern:answer:5318075b87ad39e727382a19e75c270e")
        #expect(name != "postern:answer:" + Digest.sha256.hex(of: Array("one k".utf8)).prefix(32))
    }

    @Test("an answer that a missing secret key sealed is not given again, and nothing is mailed until it can be")
    func unknownKey() async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        let first = await harness.issue(key: "k")
        let name = try #require(try await harness.names("postern:answer:*").first)
        // The answer as sealed by k1 is kept, and called sealed by k2.
        _ = try await harness.redis.send(RedisCommand("SETRANGE", name, "0", "k2"))
        let refused = await harness.issue(key: "k")
        #expect(refused.status == 503)
        #expect(refused.response.fields[.retryAfter] == "30")
        #expect(harness.logs.lines(of: "service_unavailable").first?.contains("the secret key k2") == true)
        #expect(try await harness.jobs().count == 1)
        _ = try await harness.redis.send(RedisCommand("SETRANGE", name, "0", "k1"))
        #expect(await harness.issue(key: "k").text == first.text)
    }

    @Test("an answer that was changed, or moved to another name, is not given")
    func changed() async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        _ = await harness.issue(key: "k")
        let name = try #require(try await harness.names("postern:answer:*").first)
        _ = await harness.issue(key: "other")
        let other = try #require(try await harness.names("postern:answer:*").first { $0 != name })
        _ = try await harness.redis.send(RedisCommand("COPY", name, other, "REPLACE"))
        #expect(await harness.issue(key: "other").status == 500)
        _ = try await harness.redis.send(RedisCommand("APPEND", name, "x"))
        #expect(await harness.issue(key: "k").status == 500)
        #expect(try await harness.jobs().count == 2)
    }

    @Test("an answer is kept for a day")
    func lifetime() async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        _ = await harness.issue(key: "k")
        guard case .array(let keys) = try await harness.redis.send(RedisCommand("KEYS", "postern:answer:*")),
            case .bulk(let key)? = keys.first, keys.count == 1
        else { throw NotAsExpected() }
        let left = try await harness.redis.send(RedisCommand("PTTL", String(decoding: key, as: UTF8.self)))
        guard case .integer(let milliseconds) = left else { throw NotAsExpected() }
        #expect((86_000_000...86_400_000).contains(milliseconds))
    }
}
