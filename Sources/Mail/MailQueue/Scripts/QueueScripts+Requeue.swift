import Redis

/// The argument of Requeue.lua.
enum RequeueArgument: String, ScriptName {
    case entry
}

extension QueueScripts {
    /// Moves a dead letter back to the stream.
    /// - Returns: whether it was there, and holds its job.
    func requeue(_ letter: DeadLetter, on redis: RedisClient) async throws(RedisError) -> Bool {
        try await requeueScript.call(on: redis) { names in
            names.append(.mail, keys.mail)
            names.append(.deadLetters, keys.deadLetters)
        } arguments: { values in
            values.append(.entry, letter.entry)
        } == .integer(1)
    }
}
