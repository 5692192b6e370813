import NIOCore

/// The result of a call: a reply, which may be an error reply, or the error that prevented one.
typealias CallResult = Result<RESPValue, RedisError>

/// A command that is waiting or in flight, and the closure that receives its result.
struct Call {
    let command: RedisCommand
    var terms: CallTerms
    /// The last reply that said that the command was not carried out; `nil` if there was none.
    var refusal: String?
    /// The number of such replies.
    var refusalCount = 0
    /// Called exactly once, on the event loop.
    let complete: (CallResult) -> Void

    init(command: RedisCommand, terms: CallTerms, complete: @escaping (CallResult) -> Void) {
        self.command = command
        self.terms = terms
        self.complete = complete
    }

    /// Creates a call whose deadline is the same on any connection.
    init(
        command: RedisCommand, deadline: NIODeadline, mayRetry: Bool, complete: @escaping (CallResult) -> Void
    ) {
        self.init(
            command: command, terms: CallTerms(deadline: deadline, end: deadline, mayRetry: mayRetry),
            complete: complete)
    }
}
