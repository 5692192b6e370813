import Platform
import Redis

/// The arguments of Reclaim.lua.
enum ReclaimArgument: String, ScriptName {
    case group, consumer
    case idleTime = "idle_time"
    case count
}

extension QueueScripts {
    /// Claims up to `count` jobs of consumers that have been idle for `idle` or longer. It is not repeated, since a
    /// second call would claim other jobs.
    func reclaim(
        of priority: MailPriority, for consumer: String, atMost count: Int, idleFor idle: Duration,
        on redis: RedisClient
    ) async throws(RedisError) -> RESPValue {
        try await reclaimScript.call(on: redis, mayRepeat: false) { names in
            names.append(.stream, keys.stream(of: priority))
        } arguments: { values in
            values.append(.group, MailQueue.group)
            values.append(.consumer, consumer)
            values.append(.idleTime, idle.milliseconds)
            values.append(.count, count)
        }
    }
}
