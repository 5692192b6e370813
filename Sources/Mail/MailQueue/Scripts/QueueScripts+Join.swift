import Redis

/// The argument of Join.lua.
enum JoinArgument: String, ScriptName {
    case group
}

extension QueueScripts {
    /// Makes the consumer group of a stream, if it does not exist.
    func join(_ priority: MailPriority, on redis: RedisClient) async throws(RedisError) {
        _ = try await joinScript.call(on: redis) { names in
            names.append(.stream, keys.stream(of: priority))
        } arguments: { values in
            values.append(.group, MailQueue.group)
        }
    }
}
