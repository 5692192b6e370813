import Redis

/// The keys of Requeue.lua.
enum RequeueKey: String, ScriptName {
    case mail, bulk
    case deadLetters = "dead_letters"
}

/// The argument of Requeue.lua.
enum RequeueArgument: String, ScriptName {
    case entry
}

extension QueueScripts {
    /// Moves a dead letter back to its stream.
    /// - Returns: whether it was there, and holds its job.
    func requeue(_ letter: DeadLetter, on redis: RedisClient) async throws(RedisError) -> Bool {
        try await requeueScript.call(on: redis) { names in
            names.append(.mail, keys.mail)
            names.append(.bulk, keys.bulk)
            names.append(.deadLetters, keys.deadLetters)
        } arguments: { values in
            values.append(.entry, letter.entry)
        } == .integer(1)
    }
}
