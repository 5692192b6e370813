import Redis

extension MailQueue {
    /// Returns the jobs in a reply to XREADGROUP for one stream: null, or an array with one element, the stream's name
    /// and its entries.
    static func claimedJobs(fromRead reply: RESPValue) throws(RedisError) -> [ClaimedJob] {
        if reply == .null { return [] }
        guard case .array(let streams) = reply, streams.count == 1, case .array(let stream) = streams[0],
            stream.count == 2, case .array(let entries) = stream[1]
        else { throw .unexpectedReply("not a list of stream entries") }
        return try jobs(in: entries) { _ in 1 }
    }

    /// Returns the jobs in a reply of Reclaim.lua: entries, each followed by the number of times that it was claimed.
    static func claimedJobs(fromScript reply: RESPValue) throws(RedisError) -> [ClaimedJob] {
        guard case .array(let entries) = reply else { throw .unexpectedReply("not a list of reclaimed entries") }
        return try jobs(in: entries) { parts in
            if parts.count == 3, case .integer(let claims) = parts[2] { claims } else { nil }
        }
    }

    /// Returns the jobs in a reply to XCLAIM: an array of entries.
    /// - Parameter claims: the number of times that each entry was claimed, by the entry's id.
    static func claimedJobs(fromClaim reply: RESPValue, claims: [String: Int]) throws(RedisError) -> [ClaimedJob] {
        guard case .array(let entries) = reply else { throw .unexpectedReply("not a list of claimed entries") }
        return try jobs(in: entries) { parts in
            guard case .bulk(let id) = parts[0] else { return nil }
            return claims[String(decoding: id, as: UTF8.self)]
        }
    }

    /// An entry that a worker has claimed and not acknowledged.
    struct PendingEntry {
        let id: String
        let claims: Int
    }

    /// Returns the entries in a reply to XPENDING with a range: id, consumer, idle time and number of claims of each.
    static func pendingEntries(in reply: RESPValue) throws(RedisError) -> [PendingEntry] {
        guard case .array(let entries) = reply else { throw .unexpectedReply("not a list of pending entries") }
        return try entries.map { (entry) throws(RedisError) in
            guard case .array(let parts) = entry, parts.count == 4, case .bulk(let id) = parts[0],
                case .integer(let claims) = parts[3]
            else { throw .unexpectedReply("not a pending entry") }
            return PendingEntry(id: String(decoding: id, as: UTF8.self), claims: claims)
        }
    }

    private static func jobs(
        in entries: [RESPValue], claims: ([RESPValue]) -> Int?
    ) throws(RedisError) -> [ClaimedJob] {
        var jobs: [ClaimedJob] = []
        for entry in entries {
            guard case .array(let parts) = entry, parts.count >= 2, case .bulk(let id) = parts[0],
                case .array(let fields) = parts[1], let claims = claims(parts)
            else { throw .unexpectedReply("not a stream entry") }
            jobs.append(claimedJob(String(decoding: id, as: UTF8.self), EntryFields(fields), claims))
        }
        return jobs
    }

    private static func claimedJob(_ entry: String, _ fields: EntryFields, _ claims: Int) -> ClaimedJob {
        ClaimedJob(
            entry: entry, job: fields.job, isOfOtherVersion: fields.isOfOtherVersion, attempts: fields.attempts ?? 0,
            claims: claims)
    }
}
