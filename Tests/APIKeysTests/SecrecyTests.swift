import Bytes
import Cryptography
import Foundation
import Platform
import Redis
import TestSupport
import Testing
import Web

@testable import APIKeys

/// Readers and writers of Redis, who have neither API keys nor the deployment's keys.
@Suite(.timeLimit(.minutes(2)))
struct SecrecyTests {
    @Test("a dump of Redis holds no key, no whole digest, no name and no scope, in plain, base64 or hexadecimal")
    func dump() async throws {
        let server = try await RedisServer(arguments: ["--rdbcompression", "no"])
        let harness = try await APIKeysHarness(server, limits: limits(key: "600/1d", authentication: "20/1d"))
        var secrets: [[UInt8]] = ["customer-portal", "links:write", "ada-the-operator"].map { Array($0.utf8) }
        for number in 0..<20 {
            let key = try APIKey(random: .system)
            let grant = APIKeyGrant(name: "customer-portal", scopes: ["links:write"], expires: nil)
            #expect(try await harness.store.add(key, grant, by: "ada-the-operator", at: .now()))
            #expect(await harness.use(key).status == .ok)
            #expect(await harness.use(key, for: "/mail").status == .forbidden)
            if number % 3 == 0 { _ = try await harness.store.revoke(key.digest.id, by: "ada-the-operator", at: .now()) }
            let secret = try #require(bytes(base64URL: String(key.text.dropFirst(3))))
            let digest = Digest.sha256.bytes(of: Array(key.text.utf8))
            secrets += [Array(key.text.dropFirst(3).utf8), secret, Array(hexadecimal(secret).utf8), digest]
            secrets += [Array(key.digest.hex.utf8), Array(Data(digest).base64EncodedString().dropLast().utf8)]
            secrets.append(Array(Data(key.text.utf8).base64EncodedString().dropLast(4).utf8))
        }
        let folder = try Folder()
        try server.command("--rdb", folder.path + "/dump.rdb")
        let dump = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.path + "/dump.rdb")))
        // The dump is complete and readable: a text that is there is found.
        for text in ["postern:api-key:", "postern:audit", "postern:api-calls:"] {
            #expect(dump.firstRange(of: Array(text.utf8)) != nil, "\(text)")
        }
        for secret in secrets {
            #expect(dump.firstRange(of: secret) == nil, "\(String(decoding: secret, as: UTF8.self))")
        }
    }

    /// Stores a record under the id of a key, as somebody does who can write to Redis.
    private func write(_ sealed: APIKeyRecord.Sealed, _ id: String, to redis: RedisClient) async throws {
        var command = RedisCommand("HSET", "postern:api-key:\(id)", "ring", sealed.keyID, "record")
        command.append(sealed.box)
        _ = try await redis.send(command)
    }

    @Test("write access to Redis makes no key: a forged record, or that of another key, is refused")
    func forgedRecord() async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server)
        let own = try APIKey(random: .system)
        let grant = APIKeyGrant(name: "own", scopes: ["links:write"], expires: nil)
        let ownRing = KeyRing(
            [KeyRing.Entry(id: "k1", key: Secret(copying: [UInt8](repeating: 7, count: 32)))],
            purpose: APIKeyRecord.sealingPurpose)
        let forged = try APIKeyRecord(digest: own.digest, grant: grant, created: .now())
            .sealed(by: ownRing, random: .system)
        try await write(forged, own.digest.id, to: harness.redis)
        #expect(await harness.use(own).status == .unauthorized)

        // The record of a key that exists, under the id of another one.
        let other = try await harness.newKey()
        let copied = try await harness.redis.send(
            RedisCommand("HGET", "postern:api-key:\(other.digest.id)", "record"))
        guard case .bulk(let box) = copied else {
            Testing.Issue.record("it has no record")
            return
        }
        try await write(.init(keyID: "k1", box: box), own.digest.id, to: harness.redis)
        #expect(await harness.use(own).status == .unauthorized)
        #expect(harness.refused(.unreadable) == 2)
        #expect(await harness.use(other).status == .ok)
    }

    @Test("a record of another key with the same first half of the digest is refused")
    func sameID() async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server)
        let key = try APIKey(random: .system)
        // Nobody can find such a key. The deployment's own ring seals a record for its digest.
        let digest = try #require(APIKeyDigest(hex: key.digest.id + String(repeating: "0", count: 32)))
        let grant = APIKeyGrant(name: "n", scopes: ["links:write"], expires: nil)
        let sealed = try APIKeyRecord(digest: digest, grant: grant, created: .now())
            .sealed(by: harness.store.ring, random: .system)
        try await write(sealed, key.digest.id, to: harness.redis)
        #expect(await harness.use(key).status == .unauthorized)
    }

    @Test("an expiry that somebody removes from Redis still holds")
    func persisted() async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server, limits: limits(authentication: "1/1d"))
        let key = try await harness.newKey(expires: harness.now.value + .seconds(3600))
        try server.command("PERSIST", "postern:api-key:\(key.digest.id)")
        harness.now.value = harness.now.value + .seconds(3600)
        #expect(await harness.use(key).status == .unauthorized)
        #expect(harness.refused(.expired) == 1)
        #expect(try await harness.store.audit(atMost: 1)[0].entry?.keyName == "portal")
        #expect(await harness.use(key).status == .tooManyRequests)
    }

    @Test("another program's value instead of a record is an internal error, and not accepted")
    func wrongType() async throws {
        let server = try await RedisServer()
        let harness = try await APIKeysHarness(server)
        let key = try APIKey(random: .system)
        try server.command("SET", "postern:api-key:\(key.digest.id)", "x")
        #expect(await harness.use(key).status == .internalServerError)
    }
}
