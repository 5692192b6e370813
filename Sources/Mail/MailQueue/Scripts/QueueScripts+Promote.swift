import Redis

/// The argument of Promote.lua.
enum PromoteArgument: String, ScriptName {
    case count
}

extension QueueScripts {
    /// Moves due retries back to the stream.
    /// - Returns: the number of retries moved, at most `count`.
    func promote(atMost count: Int, on redis: RedisClient) async throws(RedisError) -> Int {
        let reply = try await promoteScript.call(on: redis) { names in
            names.append(.mail, keys.mail)
            names.append(.retries, keys.retries)
        } arguments: { values in
            values.append(.count, count)
        }
        guard case .integer(let moved) = reply else { throw .unexpectedReply("not a number of retries") }
        return moved
    }
}
