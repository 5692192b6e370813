import Platform
import Redis

/// The arguments of RemoveConsumers.lua.
enum RemoveConsumersArgument: String, ScriptName {
    case group, consumer
    case idleTime = "idle_time"
}

extension QueueScripts {
    /// Removes consumers without pending entries that have been idle for `idle` or longer.
    /// - Parameter consumer: the only one to remove; an empty text for all.
    func removeConsumers(
        _ consumer: String, of priority: MailPriority, idleFor idle: Duration, on redis: RedisClient
    ) async throws(RedisError) {
        _ = try await removeConsumersScript.call(on: redis) { names in
            names.append(.stream, keys.stream(of: priority))
        } arguments: { values in
            values.append(.group, MailQueue.group)
            values.append(.consumer, consumer)
            values.append(.idleTime, idle.milliseconds)
        }
    }
}
