import Redis

/// The keys of Claim.lua.
enum ClaimKey: String, ScriptName {
    case mail, bulk
}

/// The arguments of Claim.lua.
enum ClaimArgument: String, ScriptName {
    case group, consumer, count
}

extension QueueScripts {
    /// Claims up to `count` jobs that no worker has claimed yet, those of high priority first. It is not repeated, since
    /// a second call would claim other jobs.
    func claim(
        for consumer: String, atMost count: Int, on redis: RedisClient
    ) async throws(RedisError) -> RESPValue {
        try await claimScript.call(on: redis, mayRepeat: false) { names in
            names.append(.mail, keys.mail)
            names.append(.bulk, keys.bulk)
        } arguments: { values in
            values.append(.group, MailQueue.group)
            values.append(.consumer, consumer)
            values.append(.count, count)
        }
    }
}
