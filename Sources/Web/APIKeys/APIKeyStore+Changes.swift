import Cryptography
import Platform
import Redis

/// The keys of NewAPIKey.lua.
enum NewAPIKeyKey: String, ScriptName {
    case record = "record_key"
    case all = "all_keys"
    case audit
}

/// The arguments of NewAPIKey.lua.
enum NewAPIKeyArgument: String, ScriptName {
    case id
    case recordRing = "record_ring"
    case record, expires
    case maximumCount = "maximum_count"
    case maximumLength = "maximum_length"
    case entryRing = "entry_ring"
    case entry
}

/// The keys of RevokeAPIKey.lua.
enum RevokeAPIKeyKey: String, ScriptName {
    case record = "record_key"
    case all = "all_keys"
    case audit
}

/// The arguments of RevokeAPIKey.lua.
enum RevokeAPIKeyArgument: String, ScriptName {
    case id
    case maximumLength = "maximum_length"
    case entryRing = "entry_ring"
    case entry
}

/// The keys of ResealAPIKey.lua.
enum ResealAPIKeyKey: String, ScriptName {
    case record = "record_key"
}

/// The arguments of ResealAPIKey.lua.
enum ResealAPIKeyArgument: String, ScriptName {
    case earlier
    case ring = "record_ring"
    case record
}

/// An API key as operators see it.
package struct APIKeyListing: Sendable, Equatable {
    /// The name, scopes and times of a key.
    package struct Details: Sendable, Equatable {
        package let grant: APIKeyGrant
        package let created: UnixTime
    }

    package let id: String
    /// `nil` if the record cannot be opened: the key does not work.
    package let details: Details?
    /// The name of the key in `POSTERN_SECRET_KEYS` that sealed the record.
    package let sealedBy: String
    /// The time of the last request with the key, whether or not it was accepted; `nil` if there was none.
    package let lastRequest: UnixTime?
}

extension APIKeyStore {
    /// Stores a key that was just made.
    /// - Parameter actor: the operating system's user that runs the command.
    /// - Returns: `false` if there are too many API keys.
    /// - Throws: ``StoreError``.
    package func add(
        _ key: APIKey, _ grant: APIKeyGrant, by actor: String, at now: UnixTime
    ) async throws(StoreError) -> Bool {
        let id = key.digest.id
        let (record, entry) = try StoreError.wrapping { () throws(CryptoError) in
            (
                try APIKeyRecord(digest: key.digest, grant: grant, created: now).sealed(by: ring, random: random),
                try AuditEntry(.created, at: now, keyID: id, keyName: grant.name, actor: actor)
                    .sealed(by: auditRing, random: random)
            )
        }
        let reply = try await StoreError.wrapping { () async throws(RedisError) in
            try await scripts.new.call(on: redis, capacity: 1024 + record.box.count + entry.box.count) { names in
                names.append(.record, keys.record(of: id))
                names.append(.all, keys.all)
                names.append(.audit, keys.audit)
            } arguments: { values in
                values.append(.id, id)
                values.append(.recordRing, record.keyID)
                values.append(.record, record.box)
                values.append(.expires, grant.expires?.milliseconds ?? 0)
                values.append(.maximumCount, APIKeyStore.maximumCount)
                values.append(.maximumLength, maximumAuditLength)
                values.append(.entryRing, entry.keyID)
                values.append(.entry, entry.box)
            }
        }
        return try APIKeyStore.isOne(reply)
    }

    /// Revokes a key. From then on, no request with it is accepted.
    /// - Parameters:
    ///   - id: the key's id.
    ///   - actor: the operating system's user that runs the command.
    /// - Returns: the key as it was; `nil` if there is no such key.
    /// - Throws: ``StoreError``.
    package func revoke(_ id: String, by actor: String, at now: UnixTime) async throws(StoreError) -> APIKeyListing? {
        guard let listing = try await listing(of: id) else { return nil }
        let entry = try StoreError.wrapping { () throws(CryptoError) in
            try AuditEntry(.revoked, at: now, keyID: id, keyName: listing.details?.grant.name, actor: actor)
                .sealed(by: auditRing, random: random)
        }
        let reply = try await StoreError.wrapping { () async throws(RedisError) in
            // Not repeated: a second call would find no key, and report that.
            try await scripts.revoke.call(on: redis, mayRepeat: false) { names in
                names.append(.record, keys.record(of: id))
                names.append(.all, keys.all)
                names.append(.audit, keys.audit)
            } arguments: { values in
                values.append(.id, id)
                values.append(.maximumLength, maximumAuditLength)
                values.append(.entryRing, entry.keyID)
                values.append(.entry, entry.box)
            }
        }
        return try APIKeyStore.isOne(reply) ? listing : nil
    }

    /// All keys that have not expired, the oldest first. Those that cannot be opened come last.
    /// - Throws: ``StoreError``.
    package func list() async throws(StoreError) -> [APIKeyListing] {
        var listings: [APIKeyListing] = []
        for id in try await ids() {
            if let listing = try await listing(of: id) { listings.append(listing) }
        }
        return listings.sorted {
            ($0.details?.created.milliseconds ?? .max, $0.id) < ($1.details?.created.milliseconds ?? .max, $1.id)
        }
    }

    /// Seals all records with the first of the deployment's keys, so that the others can be removed.
    /// - Returns: the number of records that were sealed again, and the ids of keys whose record does not open.
    /// - Throws: ``StoreError``.
    package func resealAll() async throws(StoreError) -> (count: Int, unreadable: [String]) {
        var result: (count: Int, unreadable: [String]) = (0, [])
        for id in try await ids() {
            guard let (sealed, _) = try await stored(id) else { continue }
            guard let record = try? APIKeyRecord(opening: sealed, id: id, with: ring) else {
                result.unreadable.append(id)
                continue
            }
            if try await resealIfNeeded(record, sealed) { result.count += 1 }
        }
        return result
    }

    // MARK: - Steps

    /// Seals a record with the first key of the ring, if it is sealed with another one. A key that was revoked in the
    /// meantime stays revoked.
    /// - Returns: whether the record was replaced.
    private func resealIfNeeded(
        _ record: APIKeyRecord, _ sealed: APIKeyRecord.Sealed
    ) async throws(StoreError) -> Bool {
        guard sealed.keyID != ring.sealingKeyID else { return false }
        let new = try StoreError.wrapping { () throws(CryptoError) in try record.sealed(by: ring, random: random) }
        let reply = try await StoreError.wrapping { () async throws(RedisError) in
            try await scripts.reseal.call(on: redis, capacity: 256 + sealed.box.count + new.box.count) { names in
                names.append(.record, keys.record(of: record.digest.id))
            } arguments: { values in
                values.append(.earlier, sealed.box)
                values.append(.ring, new.keyID)
                values.append(.record, new.box)
            }
        }
        return try APIKeyStore.isOne(reply)
    }

    /// The ids of all keys. Members of the set that do not have the form of an id are skipped: another program wrote
    /// them.
    private func ids() async throws(StoreError) -> [String] {
        let reply = try await StoreError.wrapping { () async throws(RedisError) in
            try await redis.send(RedisCommand("ZRANGE", keys.all, "0", "-1"), isIdempotent: true)
        }
        guard case .array(let members) = reply else { throw .failed(.unexpectedReply("not a list of ids")) }
        return members.compactMap { member in
            guard case .bulk(let bytes) = member else { return nil }
            let id = String(decoding: bytes, as: UTF8.self)
            return APIKeyDigest.isID(id) ? id : nil
        }
    }

    private func listing(of id: String) async throws(StoreError) -> APIKeyListing? {
        guard let (sealed, lastRequest) = try await stored(id) else { return nil }
        let record = try? APIKeyRecord(opening: sealed, id: id, with: ring)
        return APIKeyListing(
            id: id, details: record.map { .init(grant: $0.grant, created: $0.created) }, sealedBy: sealed.keyID,
            lastRequest: lastRequest)
    }

    /// The record of a key, and the time of the last request with it; `nil` if there is no such key.
    private func stored(_ id: String) async throws(StoreError) -> (APIKeyRecord.Sealed, lastRequest: UnixTime?)? {
        let reply = try await StoreError.wrapping { () async throws(RedisError) in
            try await redis.send(
                RedisCommand("HMGET", keys.record(of: id), "ring", "record", "last_request"), isIdempotent: true)
        }
        guard case .array(let fields) = reply, fields.count == 3 else {
            throw .failed(.unexpectedReply("not the fields of a record"))
        }
        guard case .bulk(let ring) = fields[0], case .bulk(let box) = fields[1] else { return nil }
        var lastRequest: UnixTime?
        if case .bulk(let text) = fields[2] {
            lastRequest = Int(String(decoding: text, as: UTF8.self)).flatMap(UnixTime.init(given:))
        }
        return (APIKeyRecord.Sealed(keyID: String(decoding: ring, as: UTF8.self), box: box), lastRequest)
    }
}
