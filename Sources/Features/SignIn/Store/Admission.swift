import Redis

/// The outcome of a sign-in request in the store.
package enum Admission: Sendable, Equatable {
    /// It was admitted: its link is stored and its email queued.
    case admitted(Quota?)
    /// It was refused, and nothing was changed but the client's buckets: they are charged unless they refused.
    case limited(by: Limit, retryAfter: Duration, Quota?)
    /// It was refused because too many emails are waiting.
    case queueFull
}
