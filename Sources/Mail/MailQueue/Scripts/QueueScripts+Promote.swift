import Redis

/// The keys of Promote.lua.
enum PromoteKey: String, ScriptName {
    case mail, bulk, retries
}

/// The argument of Promote.lua.
enum PromoteArgument: String, ScriptName {
    case count
}

extension QueueScripts {
    /// Moves due retries back to their streams.
    /// - Returns: the number of retries moved, at most `count`.
    func promote(atMost count: Int, on redis: RedisClient) async throws(RedisError) -> Int {
        let reply = try await promoteScript.call(on: redis) { names in
            names.append(.mail, keys.mail)
            names.append(.bulk, keys.bulk)
            names.append(.retries, keys.retries)
        } arguments: { values in
            values.append(.count, count)
        }
        guard case .integer(let moved) = reply else { throw .unexpectedReply("not a number of retries") }
        return moved
    }
}
