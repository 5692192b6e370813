import Redis

/// The arguments of Acknowledge.lua.
enum AcknowledgeArgument: String, ScriptName {
    case group, entry
}

extension QueueScripts {
    /// Removes an entry from the stream.
    /// - Returns: `false` if it was already gone.
    func acknowledge(_ entry: String, of priority: MailPriority, on redis: RedisClient) async throws(RedisError) -> Bool
    {
        try await acknowledgeScript.call(on: redis) { names in
            names.append(.stream, keys.stream(of: priority))
        } arguments: { values in
            values.append(.group, MailQueue.group)
            values.append(.entry, entry)
        } == .integer(1)
    }
}
