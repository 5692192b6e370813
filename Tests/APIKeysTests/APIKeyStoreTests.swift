import Cryptography
import Platform
import Redis
import TestSupport
import Testing
import Web

@testable import APIKeys

@Suite(.timeLimit(.minutes(2)))
struct APIKeyStoreTests {
    @Test("a list has each key's id, name, scopes and times, the oldest first, and nothing that authenticates")
    func list() async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server)
        #expect(try await harness.store.list() == [])
        let created = harness.now.value
        let expires = created + .seconds(3600)
        let first = try await harness.newKey("first", scopes: ["links:write", "mail:read"], expires: expires)
        harness.now.value = created + .milliseconds(1)
        let second = try await harness.newKey("second")
        #expect(await harness.use(second).status == .ok)
        let listings = try await harness.store.list()
        #expect(listings.map(\.id) == [first.digest.id, second.digest.id])
        #expect(listings.map(\.details?.grant.name) == ["first", "second"])
        #expect(listings[0].details?.grant.scopes == ["links:write", "mail:read"])
        #expect(listings[0].details?.grant.expires == expires)
        #expect(listings[0].details?.created == created)
        #expect(listings[0].lastRequest == nil)
        #expect(listings[1].details?.grant.expires == nil)
        #expect(abs(try #require(listings[1].lastRequest).milliseconds - created.milliseconds) < 60_000)
        #expect(listings.allSatisfy { $0.sealedBy == "k1" })
        #expect(try server.command("PEXPIRETIME", "postern:api-key:\(first.digest.id)") == "\(expires.milliseconds)")
        #expect(try server.command("PTTL", "postern:api-key:\(second.digest.id)") == "-1")
    }

    @Test("making the same key twice, because the reply was lost, makes one and records it once")
    func repeated() async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server)
        let key = try APIKey(random: .system)
        let grant = APIKeyGrant(name: "portal", scopes: ["links:write"], expires: nil)
        for _ in 0..<2 { #expect(try await harness.store.add(key, grant, by: "ada", at: .now())) }
        #expect(try await harness.store.list().count == 1)
        #expect(try await harness.store.audit(atMost: 10).count == 1)
    }

    @Test("a revoked key is refused by the next request of every process, and revoking again finds nothing")
    func revoke() async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server)
        let other = try await APIKeysHarness(server)
        let (key, kept) = (try await harness.newKey(), try await harness.newKey("kept"))
        for harness in [harness, other] { #expect(await harness.use(key).status == .ok) }
        let revoked = try await harness.store.revoke(key.digest.id, by: "grace", at: .now())
        #expect(revoked?.details?.grant.name == "portal")
        for harness in [harness, other] { #expect(await harness.use(key).status == .unauthorized) }
        #expect(try await harness.store.revoke(key.digest.id, by: "grace", at: .now()) == nil)
        #expect(await harness.use(kept).status == .ok)
        #expect(try await harness.store.list().map(\.id) == [kept.digest.id])
        let changes = try await harness.store.audit(atMost: 10).compactMap(\.entry).filter { $0.event != .refused }
        #expect(changes.map(\.event) == [.revoked, .created, .created])
        #expect(changes.map(\.actor) == ["grace", "ada", "ada"])
        #expect(changes.map(\.keyName) == ["portal", "kept", "portal"])
        #expect(changes[0].keyID == key.digest.id)
    }

    @Test("there are at most 1,000 keys; expired ones do not count")
    func maximum() async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server)
        // The first belongs to a key that has expired.
        var command = RedisCommand("ZADD", "postern:api-keys")
        for number in 0..<1000 {
            command.append(number == 0 ? "1000" : "inf")
            command.append("id\(number)")
        }
        _ = try await harness.redis.send(command)
        _ = try await harness.newKey()
        let grant = APIKeyGrant(name: "portal", scopes: ["links:write"], expires: nil)
        #expect(try await !harness.store.add(APIKey(random: .system), grant, by: "ada", at: .now()))
        #expect(try server.command("ZCARD", "postern:api-keys") == "1000")
        #expect(try await harness.store.list().count == 1)
    }

    @Test("the audit has at most as many entries as were asked for, the newest first")
    func audit() async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server)
        for number in 0..<3 {
            _ = try await harness.newKey("n\(number)")
            _ = try await harness.guess(from: "192.0.2.\(number)")
        }
        let all = try await harness.store.audit(atMost: 10)
        // A creation and a refusal may have the same millisecond, and come from different streams.
        #expect(all.count == 6)
        #expect(all.filter { $0.entry?.event == .refused }.count == 3)
        #expect(all.compactMap(\.entry?.keyName) == ["n2", "n1", "n0"])
        #expect(try await harness.store.audit(atMost: 3) == Array(all.prefix(3)))
    }

    @Test("an audit of more entries than a page, and than one reply may have, is read to its end, each entry once")
    func longAudit() async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server)
        // Several have the same millisecond. 40,000 entries in one reply would be too many.
        let fill = """
            for i = 1, ARGV[1] do redis.call('XADD', KEYS[i % 2 + 1], '*', 'ring', 'k1', 'entry', i) end
            redis.call('XADD', KEYS[1], '*', 'strange', 'x')
            """
        for count in ["1000", "1001", "38000"] {
            try server.command("EVAL", fill, "2", "postern:audit", "postern:audit:refusals", count)
        }
        let all = try await harness.store.audit(atMost: 200_000)
        // Those of another form are skipped.
        #expect(all.count == 40_001)
        #expect(zip(all, all.dropFirst()).allSatisfy { !$0.storedAt.lexicographicallyPrecedes($1.storedAt) })
        for count in [1, 999, 1000, 1001, 2002] {
            #expect(try await harness.store.audit(atMost: count) == Array(all.prefix(count)))
        }
    }

    @Test("a member of the list that is no id, such as one that controls a terminal, is skipped")
    func strangeID() async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server)
        let key = try await harness.newKey()
        for id in ["\u{1B}[2J", "x", key.digest.id.uppercased()] {
            try server.command("ZADD", "postern:api-keys", "inf", id)
            try server.command("HSET", "postern:api-key:\(id)", "ring", "k1", "record", "x")
        }
        #expect(try await harness.store.list().map(\.id) == [key.digest.id])
        #expect(try await harness.store.resealAll().count == 0)
    }
}
