import Platform
import Redis

/// The arguments of RetryLater.lua.
enum RetryLaterArgument: String, ScriptName {
    case group, entry, delay, retry
    case maximumCount = "maximum_count"
}

extension QueueScripts {
    /// Moves a job to the retries. Changes nothing if its entry is already gone.
    /// - Parameter retry: the retry, in the form that Promote.lua reads.
    /// - Returns: `false` if there are already `maximumCount` retries.
    func retryLater(
        _ entry: String, of priority: MailPriority, _ retry: [UInt8], by delay: Duration, maximumCount: Int,
        on redis: RedisClient
    ) async throws(RedisError) -> Bool {
        try await retryLaterScript.call(on: redis) { names in
            names.append(.stream, keys.stream(of: priority))
            names.append(.retries, keys.retries)
        } arguments: { values in
            values.append(.group, MailQueue.group)
            values.append(.entry, entry)
            values.append(.delay, delay.milliseconds)
            values.append(.retry, retry)
            values.append(.maximumCount, maximumCount)
        } != .integer(-1)
    }
}
