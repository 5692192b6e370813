import Redis

/// The arguments of DeadLetter.lua. The fields of the dead letter follow them.
enum DeadLetterArgument: String, ScriptName {
    case group, entry
    case maximumLength = "maximum_length"
}

extension QueueScripts {
    /// Moves a job to the dead letters. Changes nothing if its entry is already gone.
    /// - Parameters:
    ///   - maximumLength: the approximate number of dead letters to keep.
    ///   - appendFields: appends the names and values of the dead letter's fields, alternately.
    func deadLetter(
        _ entry: String, of priority: MailPriority, keeping maximumLength: Int, on redis: RedisClient,
        _ appendFields: (inout NamedValues<DeadLetterArgument>) -> Void
    ) async throws(RedisError) {
        _ = try await deadLetterScript.call(on: redis) { names in
            names.append(.stream, keys.stream(of: priority))
            names.append(.deadLetters, keys.deadLetters)
        } arguments: { values in
            values.append(.group, MailQueue.group)
            values.append(.entry, entry)
            values.append(.maximumLength, maximumLength)
            appendFields(&values)
        }
    }
}
