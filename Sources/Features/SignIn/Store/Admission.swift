import Redis

/// The outcome of a sign-in request in the store.
package enum Admission: Sendable, Equatable {
    /// It was admitted: its token is stored and its email queued.
    case admitted(Quota?)
    /// It was refused, and nothing was changed.
    case limited(by: Limit, retryAfter: Duration, Quota?)
    /// It was refused because too many emails are waiting.
    case queueFull

    /// The limits of ``SignInLimits``, by their names in logs and metrics.
    package enum Limit: String, Sendable, CaseIterable {
        case client, recipient, deployment, verification, code
    }
}
