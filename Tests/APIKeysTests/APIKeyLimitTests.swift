import Platform
import Redis
import TestSupport
import Testing
import Web

@testable import APIKeys

/// The limits of API keys, and what the audit has of refusals beyond them.
@Suite(.timeLimit(.minutes(2)))
struct APIKeyLimitTests {
    @Test("a client that has failed too often gets 429 for any key that is not valid, and valid keys still work")
    func failures() async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server, limits: limits(authentication: "3/1d"))
        let key = try await harness.newKey()
        for _ in 0..<3 { #expect(try await harness.guess().status == .unauthorized) }
        let limited = try await harness.guess()
        #expect(limited.status == .tooManyRequests)
        #expect((28_000...28_800).contains(Int(limited.fields[.retryAfter] ?? "") ?? 0))
        #expect(limited.fields[.rateLimit]?.hasPrefix(#""ip";r=0;"#) == true)
        #expect(limited.fields[.authenticate] == nil)
        #expect(await harness.send("x").status == .tooManyRequests)
        // A program with a wrong key locks nobody out at the same address, also not keys without the scope.
        #expect(await harness.use(key).status == .ok)
        #expect(await harness.use(key, for: "/mail").status == .forbidden)
        #expect(try await harness.guess(from: "192.0.2.2").status == .unauthorized)
        try server.command("DEL", "postern:api-auth:192.0.2.1")
        #expect(try await harness.guess().status == .unauthorized)
    }

    @Test("of 64 guesses at once, as many are answered with 401 as there are tokens")
    func concurrentGuesses() async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server, limits: limits(authentication: "7/1d"))
        let statuses = try await withThrowingTaskGroup(of: Status.self) { group in
            for _ in 0..<64 { group.addTask { try await harness.guess().status } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.count { $0 == .unauthorized } == 7)
        #expect(statuses.count { $0 == .tooManyRequests } == 57)
    }

    @Test("the addresses of an IPv6 /64 are one client")
    func network() async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server, limits: limits(authentication: "2/1d"))
        #expect(try await harness.guess(from: "2001:db8::1").status == .unauthorized)
        #expect(try await harness.guess(from: "2001:db8::ffff:2").status == .unauthorized)
        #expect(try await harness.guess(from: "2001:db8::3").status == .tooManyRequests)
        #expect(try await harness.guess(from: "2001:db8:0:1::3").status == .unauthorized)
    }

    @Test("a wider network has 4 and 16 times the limit, and its refusals are reported once")
    func widerNetworks() async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server, limits: limits(key: "1/1d", authentication: "1/1d"))
        var refused = 0
        for number in 0..<8 where try await harness.guess(from: "2001:db8:0:\(number)::1").status == .unauthorized {
            refused += 1
        }
        #expect(refused == 4)
        for number in 0..<30
        where try await harness.guess(from: "2001:db8:0:\(number + 1)00::1").status == .unauthorized {
            refused += 1
        }
        #expect(refused == 16)
        let audit = try await harness.store.audit(atMost: 100).compactMap(\.entry?.reason)
        #expect(audit == ["limited", "unknown"])
        // Another network, and a valid key of the same one, are not limited.
        #expect(try await harness.guess(from: "2001:db8:1::1").status == .unauthorized)
        let key = try await harness.newKey()
        #expect(await harness.use(key, from: "2001:db8::1").status == .ok)
        #expect(await harness.use(key, from: "2001:db8::1").status == .tooManyRequests)
    }

    @Test("uses of a valid key are no failures")
    func valid() async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server, limits: limits(authentication: "1/1d"))
        let key = try await harness.newKey()
        for _ in 0..<5 { #expect(await harness.use(key).status == .ok) }
        #expect(try server.command("KEYS", "postern:api-auth:*") == "")
    }

    @Test("each key has its own limit, over all clients and processes")
    func perKey() async throws {
        let server = try await RedisServer()
        let one = try await APIKeysHarness(server, limits: limits(key: "3/1d", authentication: "20/1d"))
        let other = try await APIKeysHarness(server, limits: limits(key: "3/1d", authentication: "20/1d"))
        let key = try await one.newKey()
        for (harness, client) in [(one, "192.0.2.1"), (other, "192.0.2.2"), (one, "192.0.2.3")] {
            #expect(await harness.use(key, from: client).status == .ok)
        }
        let limited = await other.use(key)
        #expect(limited.status == .tooManyRequests)
        #expect((28_000...28_800).contains(Int(limited.fields[.retryAfter] ?? "") ?? 0))
        #expect(limited.fields[.rateLimitPolicy] == #""key";q=3;w=86400"#)
        #expect(limited.fields[.rateLimit]?.hasPrefix(#""key";r=0;"#) == true)
        #expect(other.count("postern_rate_limited_total{limit=\"key\"}") == 1)
        #expect(await other.use(try await one.newKey("another")).status == .ok)
    }

    @Test(
        "each combination of limits that are on and off works",
        arguments: [(nil, nil), ("2/1d", nil), (nil, "2/1d"), ("2/1d", "2/1d")] as [(String?, String?)])
    func combinations(key keyLimit: String?, authentication: String?) async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server, limits: limits(key: keyLimit, authentication: authentication))
        let key = try await harness.newKey()
        var statuses: [Status] = []
        for _ in 0..<3 { statuses.append(await harness.use(key).status) }
        #expect(statuses == [.ok, .ok, keyLimit == nil ? .ok : .tooManyRequests])
        let answer = await harness.use(key)
        #expect((answer.fields[.rateLimit] == nil) == (keyLimit == nil))
        statuses = []
        for _ in 0..<3 { statuses.append(try await harness.guess().status) }
        #expect(statuses == [.unauthorized, .unauthorized, authentication == nil ? .unauthorized : .tooManyRequests])
        let refusal = try await harness.guess()
        #expect((refusal.fields[.rateLimit] == nil) == (authentication == nil))
    }

    @Test(
        "refusals are recorded once in a period for each client and reason, with the limit on and off",
        arguments: ["3/1d", nil])
    func noFlood(limit: String?) async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server, limits: limits(authentication: limit))
        for _ in 0..<20 { _ = try await harness.guess() }
        let audit = try await harness.store.audit(atMost: 100).compactMap(\.entry)
        #expect(audit.map(\.reason) == (limit == nil ? ["unknown"] : ["limited", "unknown"]))
        #expect(audit.allSatisfy { $0.event == .refused && $0.client == "192.0.2.1" && $0.scope == "links:write" })
        #expect(harness.lines(of: "api_key_refused").count == audit.count)
        #expect(harness.refused(.unknown) == (limit == nil ? 20 : 3))
        #expect(harness.refused(.limited) == (limit == nil ? 0 : 17))
        #expect(harness.count("postern_rate_limited_total{limit=\"authentication\"}") == harness.refused(.limited))
        // Each client has its own.
        for _ in 0..<5 { _ = try await harness.guess(from: "192.0.2.9") }
        #expect(try await harness.store.audit(atMost: 100).count == 2 * audit.count)
    }

    @Test(
        "refusals of a key that is expired, lacks a scope or was changed are recorded once each; the limit bounds them")
    func knownKeys() async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server, limits: limits(authentication: "6/1d"))
        let expired = try await harness.newKey("expired", expires: harness.now.value + .seconds(3600))
        let changed = try await harness.newKey("changed")
        let valid = try await harness.newKey("valid")
        harness.now.value = harness.now.value + .seconds(3600)
        try server.command("HSET", "postern:api-key:\(changed.digest.id)", "record", "x")
        for left in [4, 2, 0] {
            #expect(await harness.use(expired).status == .unauthorized)
            let response = await harness.use(changed)
            #expect(response.status == .unauthorized)
            #expect(response.fields[.rateLimit]?.hasPrefix("\"ip\";r=\(left);") == true)
            #expect(await harness.use(valid, for: "/mail").status == .forbidden)
        }
        for key in [expired, changed] { #expect(await harness.use(key).status == .tooManyRequests) }
        #expect(await harness.use(valid).status == .ok)
        let refusals = try await harness.store.audit(atMost: 100).compactMap(\.entry?.reason)
        #expect(refusals == ["limited", "scope", "unreadable", "expired"])
        #expect(APIKeyRefusal.allCases.map(harness.refused) == [0, 0, 0, 3, 3, 3, 2])
    }

    @Test("no number of refusals pushes changes out of the audit")
    func separateStreams() async throws {
        // Redis removes entries of a stream by whole nodes, which are of one entry here.
        let server = try await RedisServer(arguments: ["--stream-node-max-entries", "1"])
        let harness = try await APIKeysHarness(server, maximumAuditLength: 10)
        let key = try await harness.newKey()
        for number in 1...50 { _ = try await harness.guess(from: "192.0.2.\(number)") }
        let audit = try await harness.store.audit(atMost: 100).compactMap(\.entry)
        #expect(audit.map(\.event) == Array(repeating: .refused, count: 10) + [.created])
        #expect(audit.first?.client == "192.0.2.50")
        #expect(audit.last?.keyID == key.digest.id)
    }
}
