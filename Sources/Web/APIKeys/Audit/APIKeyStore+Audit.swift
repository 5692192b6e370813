import Cryptography
import Net
import Platform
import Redis

/// The keys of RefuseAPIKey.lua.
enum RefuseAPIKeyKey: String, ScriptName {
    case refusals
    case marker = "marker_key"
}

/// The arguments of RefuseAPIKey.lua.
enum RefuseAPIKeyArgument: String, ScriptName {
    case window
    case maximumLength = "maximum_length"
    case ring = "ring_key"
    case entry
}

/// An entry of the audit as it was found in Redis.
package struct AuditLine: Sendable, Equatable {
    /// The time at which Redis stored it, in Unix milliseconds, and a number among those of the same time.
    let storedAt: [Int]
    /// `nil` if it cannot be opened.
    package let entry: AuditEntry?
    /// The name of the key in `POSTERN_SECRET_KEYS` that sealed the entry.
    package let sealedBy: String

    /// The time at which Redis stored it.
    package var time: UnixTime { UnixTime(milliseconds: storedAt[0]) }
}

/// A stream of the audit while it is read.
private struct AuditPages {
    let stream: String
    /// Lines that were read and not used yet, the newest last.
    var lines: [AuditLine] = []
    /// The start of the next page, in the form of XREVRANGE; `nil` after the last one.
    var start: String? = "+"

    init(stream: String) {
        self.stream = stream
    }
}

extension APIKeyStore {
    /// The number of entries of the audit that are read in one call.
    static let auditPageLength = 1000

    /// The result of recording a refusal.
    enum RefusalOutcome: Sendable {
        /// It was counted, if that was asked for. The quota is that of the client's failures.
        /// - Parameter isNew: whether it was added to the audit, as the first of its kind in the window.
        case recorded(isNew: Bool, Quota?)
        /// It was not recorded: the client has failed too often.
        case tooManyFailures(retryAfter: Duration, Quota?)
    }

    /// Adds a refusal to the audit, once in a window for each marker.
    /// - Parameters:
    ///   - marker: the key of the marker, as of ``APIKeyRedisKeys/marker(of:by:)``.
    ///   - failures: the limit that this refusal counts against, for a client's networks; `nil` if it was counted, or
    ///     does not count.
    /// - Throws: ``StoreError``.
    func record(
        refusal: AuditEntry, oncePer window: Duration, _ marker: String,
        failures: (limit: Limit, client: ClientNetworks)?
    ) async throws(StoreError) -> RefusalOutcome {
        let entry = try StoreError.wrapping { () throws(CryptoError) in
            try refusal.sealed(by: auditRing, random: random)
        }
        var buckets = Buckets(keyPrefix: keys.prefix)
        if let failures { buckets.append(failures.limit, ofClient: failures.client) }
        let reply = try await StoreError.wrapping { () async throws(RedisError) in
            // If the reply is lost, a second token may be taken: at worst, the bucket is full a little later.
            try await scripts.refuse.call(on: redis, buckets, capacity: 512 + entry.box.count) { names in
                names.append(.refusals, keys.refusals)
                names.append(.marker, marker)
            } arguments: { values in
                values.append(.window, window.milliseconds)
                values.append(.maximumLength, maximumAuditLength)
                values.append(.ring, entry.keyID)
                values.append(.entry, entry.box)
            }
        }
        guard let outcome = buckets.outcome(of: reply, tellsQuota: failures?.limit.rate != nil) else {
            throw .failed(.unexpectedReply("not the reply of RefuseAPIKey.lua"))
        }
        if let refusal = outcome.refusal {
            return .tooManyFailures(retryAfter: refusal.retryAfter, outcome.quota)
        }
        return .recorded(isNew: outcome.rest.first == .integer(1), outcome.quota)
    }

    /// Calls `body` with each of the newest entries of the audit, the newest first. They are read page by page, because
    /// all of them can be longer than the longest reply that the client accepts.
    /// - Throws: ``StoreError``.
    package func readAudit(atMost count: Int, _ body: (AuditLine) -> Void) async throws(StoreError) {
        var changes = AuditPages(stream: keys.audit)
        var refusals = AuditPages(stream: keys.refusals)
        for _ in 0..<count {
            try await fill(&changes)
            try await fill(&refusals)
            switch (changes.lines.last, refusals.lines.last) {
            case (nil, nil): return
            case (let change?, let refusal?) where refusal.storedAt.lexicographicallyPrecedes(change.storedAt):
                body(changes.lines.removeLast())
            case (_?, nil): body(changes.lines.removeLast())
            default: body(refusals.lines.removeLast())
            }
        }
    }

    /// Reads the next page of a stream, if all lines of the last one were used.
    private func fill(_ pages: inout AuditPages) async throws(StoreError) {
        while pages.lines.isEmpty, let start = pages.start {
            let command = RedisCommand(
                "XREVRANGE", pages.stream, start, "-", "COUNT", String(APIKeyStore.auditPageLength))
            let reply = try await StoreError.wrapping { () async throws(RedisError) in
                try await redis.send(command, isIdempotent: true)
            }
            guard case .array(let entries) = reply else { throw .failed(.unexpectedReply("not entries of a stream")) }
            pages.start = nil
            if entries.count == APIKeyStore.auditPageLength, case .array(let parts)? = entries.last,
                case .bulk(let id)? = parts.first
            {
                pages.start = "(" + String(decoding: id, as: UTF8.self)
            }
            pages.lines = entries.reversed().compactMap(line)
        }
    }

    /// An entry of a stream; `nil` if it does not have the form of one.
    private func line(_ reply: RESPValue) -> AuditLine? {
        guard case .array(let parts) = reply, parts.count == 2, case .bulk(let id) = parts[0],
            case .array(let fields) = parts[1], fields.count == 4, case .bulk(let keyID) = fields[1],
            case .bulk(let box) = fields[3]
        else { return nil }
        let storedAt = String(decoding: id, as: UTF8.self).split(separator: "-").compactMap { Int($0) }
        guard storedAt.count == 2, UnixTime(given: storedAt[0]) != nil else { return nil }
        let sealed = AuditEntry.Sealed(keyID: String(decoding: keyID, as: UTF8.self), box: box)
        return AuditLine(
            storedAt: storedAt, entry: try? AuditEntry(opening: sealed, with: auditRing), sealedBy: sealed.keyID)
    }
}
