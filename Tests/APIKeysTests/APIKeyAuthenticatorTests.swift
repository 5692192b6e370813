import Cryptography
import Platform
import Redis
import TestSupport
import Testing
import Web

@testable import APIKeys

@Suite(.timeLimit(.minutes(2)))
struct APIKeyAuthenticatorTests {
    private static let invalid = #"Bearer realm="postern", error="invalid_token""#

    @Test("a key is accepted for its scopes, and the route learns its id and name")
    func accepted() async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server, limits: limits(key: "600/1m", authentication: "20/1m"))
        let key = try await harness.newKey("portal")
        let response = await harness.use(key)
        #expect(response.status == .ok)
        #expect(response.text == "\(key.digest.id) portal")
        #expect(response.fields[.rateLimitPolicy] == #""key";q=600;w=60"#)
        #expect(response.fields[.rateLimit] == #""key";r=599;t=1"#)
        #expect(harness.count("postern_api_keys_accepted_total") == 1)
        #expect(await harness.send("bearer  \(key.text)").status == .ok)
    }

    @Test("a request is one call of a script; only a refusal is two")
    func calls() async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server)
        let key = try await harness.newKey()
        _ = await harness.use(key)
        let before = try server.callCount(of: "evalsha") + server.callCount(of: "eval")
        for _ in 0..<5 { #expect(await harness.use(key).status == .ok) }
        #expect(try server.callCount(of: "evalsha") + server.callCount(of: "eval") == before + 5)
    }

    @Test("a key without the scope gets 403, which names the scope; that is no failed authentication")
    func scope() async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server, limits: limits(key: "9/1d", authentication: "2/1d"))
        let key = try await harness.newKey()
        for number in 1...4 {
            let response = await harness.use(key, for: "/mail")
            #expect(response.status == .forbidden)
            #expect(response.text == #"{"error":"The API key lacks the scope mail:read","code":"insufficient_scope"}"#)
            #expect(
                response.fields[.authenticate]
                    == #"Bearer realm="postern", error="insufficient_scope", scope="mail:read""#)
            #expect(response.fields[.rateLimit]?.hasPrefix("\"key\";r=\(9 - number);") == true)
        }
        #expect(await harness.use(key).status == .ok)
        #expect(harness.refused(.scope) == 4)
        // Reported once in the period.
        #expect(harness.lines(of: "api_key_refused").count == 1)
        let audit = try await harness.store.audit(atMost: 10).compactMap(\.entry)
        #expect(audit.map(\.reason) == ["scope", nil])
        #expect(audit[0].keyID == key.digest.id)
        #expect(audit[0].keyName == "portal")
        #expect(audit[0].scope == "mail:read")
    }

    @Test(
        "malformed credentials get 401 and count as failures",
        arguments: [
            "pk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "Bearer", "Bearer pk_short", "Basic cGs6eA==", "",
            "Bearer pk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8, Bearer x",
            "Bearer " + String(repeating: "A", count: 10_000),
        ])
    func malformed(field: String) async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server, limits: limits(authentication: "2/1d"))
        for left in [1, 0] {
            let response = await harness.send(field)
            #expect(response.status == .unauthorized)
            #expect(response.fields[.authenticate] == APIKeyAuthenticatorTests.invalid)
            #expect(response.fields[.rateLimitPolicy] == #""ip";q=2;w=86400"#)
            #expect(response.fields[.rateLimit]?.hasPrefix("\"ip\";r=\(left);") == true)
        }
        #expect(await harness.send(field).status == .tooManyRequests)
        #expect(harness.refused(.malformed) == 2)
        #expect(harness.refused(.limited) == 1)
    }

    @Test("two Authorization fields are malformed, even if both are the same key")
    func twoFields() async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server)
        let key = try await harness.newKey()
        var fields = RequestFields()
        for _ in 0..<2 { fields.append("Authorization", "Bearer \(key.text)") }
        let response = await harness.service.respond(to: Request(method: .post, path: "/links", fields: fields))
        #expect(response.status == .unauthorized)
    }

    @Test("a request without credentials gets 401 without an error code; nothing was guessed, so nothing is counted")
    func missing() async throws {
        let harness = try await APIKeysHarness(nil, limits: limits(authentication: "1/1d"))
        for _ in 0..<3 {
            let response = await harness.send(nil)
            #expect(response.status == .unauthorized)
            #expect(response.fields[.authenticate] == #"Bearer realm="postern""#)
        }
        #expect(harness.refused(.missing) == 3)
    }

    @Test("an unknown key gets the same answer as a revoked, expired or malformed one")
    func sameAnswer() async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server)
        let unknown = try await harness.guess()
        let revoked = try await harness.newKey()
        #expect(try await harness.store.revoke(revoked.digest.id, by: "ada", at: .now()) != nil)
        let expired = try await harness.newKey(expires: harness.now.value + .seconds(3600))
        harness.now.value = harness.now.value + .seconds(3600)
        for response in [unknown, await harness.use(revoked), await harness.use(expired), await harness.send("x")] {
            #expect(response.status == .unauthorized)
            #expect(response.text == unknown.text)
            #expect(response.fields[.authenticate] == APIKeyAuthenticatorTests.invalid)
        }
        #expect(harness.refused(.unknown) == 2)
        #expect(harness.refused(.expired) == 1)
        #expect(harness.refused(.malformed) == 1)
    }

    @Test("without Redis every request with credentials gets 503")
    func outage() async throws {
        let digest = ConfiguredAPIKeysTests.digest
        let harness = try await APIKeysHarness(nil, configured: "portal/links:write/\(digest)")
        for field in ["Bearer \(APIKeyTests.text)", "Bearer \(try APIKey(random: .system).text)", "x"] {
            let response = await harness.send(field)
            #expect(response.status == .serviceUnavailable)
            #expect(response.fields[.retryAfter] == "1")
            #expect(response.fields[.authenticate] == nil)
        }
    }

    @Test("when Redis is back, keys work again")
    func recovery() async throws {
        let server = try await RedisServer(arguments: ["--appendonly", "yes", "--appendfsync", "always"])
        let harness = try await APIKeysHarness(server)
        let key = try await harness.newKey()
        #expect(await harness.use(key).status == .ok)
        server.stop()
        #expect(await harness.use(key).status == .serviceUnavailable)
        try await server.start()
        try await eventually("the key to work again") { await harness.use(key).status == .ok }
    }

    @Test("a configured key is accepted without a record; after its last day it is refused as expired")
    func configured() async throws {
        let server = try await RedisServer()
        let entries = "portal/links:write/\(ConfiguredAPIKeysTests.digest)/2027-01-31"
        let harness = try await APIKeysHarness(
            server, limits: limits(key: "5/1d", authentication: "2/1d"), configured: entries)
        harness.now.value = UnixTime(milliseconds: 1_801_439_999_999)
        let key = try #require(APIKey(parsing: APIKeyTests.text))
        let response = await harness.use(key)
        #expect(response.status == .ok)
        #expect(response.text == "\(key.digest.id) portal")
        #expect(response.fields[.rateLimit]?.hasPrefix(#""key";r=4;"#) == true)
        #expect(await harness.use(key, for: "/mail").status == .forbidden)
        #expect(try server.command("KEYS", "postern:api-key:*") == "")
        harness.now.value = UnixTime(milliseconds: 1_801_440_000_000)
        #expect(await harness.use(key).status == .unauthorized)
        #expect(harness.refused(.expired) == 1)
        #expect(try await harness.guess().status == .unauthorized)
        #expect(await harness.use(key).status == .tooManyRequests)
    }

    @Test("Redis removes an expired key by itself")
    func expiry() async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server)
        let expires = UnixTime.now() + .milliseconds(300)
        let key = try await harness.newKey(expires: expires)
        // The program's clock stands still: only Redis' own tells that the key has expired.
        try await eventually("the key to expire") { await harness.use(key).status == .unauthorized }
        #expect(UnixTime.now() >= expires)
        #expect(harness.refused(.unknown) == 1)
        #expect(try await harness.store.list() == [])
    }

    @Test("logs hold neither keys nor addresses")
    func logs() async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server, limits: limits(key: "2/1d", authentication: "2/1d"))
        let key = try await harness.newKey()
        let unknown = try APIKey(random: .system)
        for _ in 0..<4 {
            _ = await harness.use(key)
            _ = await harness.use(key, for: "/mail")
        }
        for _ in 0..<4 { _ = await harness.use(unknown) }
        #expect(!harness.lines(of: "api_key_refused").isEmpty)
        #expect(!harness.lines(of: "rate_limited").isEmpty)
        for text in [key.text, unknown.text, key.digest.hex, "192.0.2.1", String(key.text.dropFirst(3))] {
            #expect(!harness.log.contains(text))
        }
    }
}
