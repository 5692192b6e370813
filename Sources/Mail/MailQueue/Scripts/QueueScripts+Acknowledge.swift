import Redis

/// The arguments of Acknowledge.lua.
enum AcknowledgeArgument: String, ScriptName {
    case group, entry
}

extension QueueScripts {
    /// Removes an entry from the stream.
    /// - Returns: `false` if it was already gone.
    func acknowledge(_ entry: String, on redis: RedisClient) async throws(RedisError) -> Bool {
        try await acknowledgeScript.call(on: redis) { names in
            names.append(.mail, keys.mail)
        } arguments: { values in
            values.append(.group, MailQueue.group)
            values.append(.entry, entry)
        } == .integer(1)
    }
}
