import NIOCore

// Calls that Redis answered with an error which says that they were not carried out. They are sent again within their
// deadlines, whether or not they are idempotent.
extension RedisSession {
    /// The wait before a busy server is asked again: it doubles from `base` up to `limit`.
    static let busyPause = Backoff(base: .milliseconds(10), limit: .milliseconds(200))

    /// The consequence of an error reply for its call.
    enum Fate: Equatable {
        /// Complete the call with the reply.
        case answer
        /// Send it again at a time, with ``resend(_:now:)``.
        case again(at: NIODeadline)
        /// Send it again on the next connection, or now if there is one. Complete it with the reply at ``CallTerms/end``.
        case hold
    }

    /// The consequence of an error reply for its connection: it is given up. Its other calls may still be answered.
    enum Departure: Equatable {
        /// Take the action.
        case replace(reason: String, Availability.Action)
        case unavailable(Outage)
    }

    /// The time that must be left for a reply if a call is sent again.
    private static let replyTime = TimeAmount.milliseconds(50)

    /// Decides about a call that was answered with an error. If it is answered, ``completed(_:now:)`` must follow.
    /// - Parameters:
    ///   - refusalCount: the number of earlier errors by which the call was not carried out.
    ///   - isCurrent: whether the connection is the one that new calls are sent on.
    ///   - jitter: a random number from 0 to 1.
    mutating func refused(
        _ reply: ErrorReply, _ terms: CallTerms, refusalCount: Int, isCurrent: Bool, jitter: Double, now: NIODeadline
    ) -> (Fate, Departure?) {
        if isCurrent { replied() }
        switch reply.meaning {
        case .wrongServer:
            let departure = isCurrent ? leave(reply.message, now) : nil
            return (terms.mayBeSent(at: now) ? .hold : .answer, departure)
        case .busy:
            let next = now + RedisSession.busyPause.delay(exponent: refusalCount, jitter: jitter)
            // Otherwise the caller would learn that there was no reply in time, and not why.
            return (terms.mayBeSent(at: next + RedisSession.replyTime) ? .again(at: next) : .answer, nil)
        case .unknownScript, .expected, .outage, .fault:
            return (.answer, nil)
        }
    }

    /// Decides about a call that is to be sent again: `nil` if it must be held until the next connection.
    func resend(_ terms: CallTerms) -> CallTerms? {
        guard isReady else { return nil }
        // Another connection, or another moment: it gets all the time that is left.
        return CallTerms(deadline: terms.end, end: terms.end, limit: terms.limit, mayRetry: terms.mayRetry)
    }
}
