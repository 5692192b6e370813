import NIOCore

/// The deadlines of a call, and whether it may be sent again.
struct CallTerms: Equatable {
    /// The latest time for the reply on the current connection.
    var deadline: NIODeadline
    /// The latest time for the reply on any connection: later than ``deadline`` if another connection may be tried.
    let end: NIODeadline
    /// The caller's own deadline, if any: after it, the command is not sent again.
    var limit: NIODeadline?
    /// Whether the command may be sent again if it is unknown whether Redis carried it out.
    var mayRetry: Bool

    /// Whether a command that Redis did not carry out may be sent again at a time.
    func mayBeSent(at time: NIODeadline) -> Bool { time < min(end, limit ?? end) }
}
