import Redis

extension MailQueue {
    /// Returns the jobs in a reply of Claim.lua: the entries of each stream.
    static func claimedJobs(fromClaim reply: RESPValue) throws(RedisError) -> [ClaimedJob] {
        guard case .array(let streams) = reply, streams.count == 2, case .array(let high) = streams[0],
            case .array(let bulk) = streams[1]
        else { throw .unexpectedReply("not two lists of stream entries") }
        return try jobs(in: high, of: .high) { _ in 1 } + jobs(in: bulk, of: .bulk) { _ in 1 }
    }

    /// Returns the jobs in a reply to XREADGROUP: null, or an array with an element for each stream that has entries, the
    /// stream's name and its entries.
    static func claimedJobs(fromRead reply: RESPValue, _ keys: QueueKeys) throws(RedisError) -> [ClaimedJob] {
        if reply == .null { return [] }
        guard case .array(let streams) = reply else { throw .unexpectedReply("not a list of streams") }
        var claimed: [ClaimedJob] = []
        for stream in streams {
            guard case .array(let parts) = stream, parts.count == 2, case .bulk(let name) = parts[0],
                case .array(let entries) = parts[1],
                let priority = MailPriority.allCases.first(where: { keys.stream(of: $0).utf8.elementsEqual(name) })
            else { throw .unexpectedReply("not a list of stream entries") }
            claimed += try jobs(in: entries, of: priority) { _ in 1 }
        }
        return claimed
    }

    /// Returns the jobs in a reply of Reclaim.lua: entries, each followed by the number of times that it was claimed.
    static func claimedJobs(
        fromReclaim reply: RESPValue, of priority: MailPriority
    ) throws(RedisError) -> [ClaimedJob] {
        guard case .array(let entries) = reply else { throw .unexpectedReply("not a list of reclaimed entries") }
        return try jobs(in: entries, of: priority) { parts in
            if parts.count == 3, case .integer(let claims) = parts[2] { claims } else { nil }
        }
    }

    /// Returns the jobs in a reply to XCLAIM: an array of entries.
    /// - Parameter claims: the number of times that each entry was claimed.
    static func claimedJobs(
        fromXCLAIM reply: RESPValue, of priority: MailPriority, claims: Int
    ) throws(RedisError) -> [ClaimedJob] {
        guard case .array(let entries) = reply else { throw .unexpectedReply("not a list of claimed entries") }
        return try jobs(in: entries, of: priority) { _ in claims }
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
        in entries: [RESPValue], of priority: MailPriority, claims: ([RESPValue]) -> Int?
    ) throws(RedisError) -> [ClaimedJob] {
        var jobs: [ClaimedJob] = []
        for entry in entries {
            guard case .array(let parts) = entry, parts.count >= 2, case .bulk(let id) = parts[0],
                case .array(let fields) = parts[1], let claims = claims(parts)
            else { throw .unexpectedReply("not a stream entry") }
            let values = EntryFields(fields)
            jobs.append(
                ClaimedJob(
                    priority: priority, entry: String(decoding: id, as: UTF8.self), job: values.job,
                    isOfOtherVersion: values.isOfOtherVersion, attempts: values.attempts ?? 0, claims: claims))
        }
        return jobs
    }
}
