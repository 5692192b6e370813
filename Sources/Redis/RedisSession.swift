import NIOCore

/// A client's state: whether there is a connection, or what leads to one, and the terms of calls. It performs no I/O:
/// the method for each event returns the action that ``RedisSessionDriver`` must take.
struct RedisSession: ~Copyable {
    /// The maximum number of calls that are waiting or in flight.
    static let maximumCallCount = 16_384
    /// The delay of an expected event from which on the process must have slept.
    static let sleepThreshold = TimeAmount.milliseconds(500)

    private let timeout: TimeAmount
    private let suspicionDelay: TimeAmount

    private var availability = Availability()
    private var callCount = 0
    private var lastFailure = "not connected yet"
    /// The time of the first failure since a call last succeeded, if any.
    private var unavailableSince: NIODeadline?
    /// The time by which the current attempt to connect, or the wait before the next, is over; `nil` if there is
    /// neither.
    private var nextEventDue: NIODeadline?

    /// - Parameters:
    ///   - timeout: ``RedisConfiguration/timeout``.
    ///   - suspicionDelay: ``RedisConfiguration/suspicionDelay``.
    init(timeout: TimeAmount, suspicionDelay: TimeAmount) {
        self.timeout = timeout
        self.suspicionDelay = suspicionDelay
    }

    /// The error of a call that is refused because there is no connection.
    var refusal: RedisError { .unavailable(reason: lastFailure) }

    /// Whether the process slept past the end of an attempt to connect, or of the wait before one.
    private func hasSlept(_ now: NIODeadline) -> Bool {
        nextEventDue.map { now - $0 > RedisSession.sleepThreshold } ?? false
    }

    /// Notes when the attempt of ``Availability/Action/connect`` is over. Connecting and the handshake have the timeout
    /// each.
    private mutating func began(_ action: Availability.Action, _ now: NIODeadline) -> Availability.Action {
        if action == .connect { nextEventDue = now + timeout + timeout }
        return action
    }
}

// MARK: - Calls

extension RedisSession {
    /// The decision about a call.
    enum Submission: Equatable {
        case accepted(CallTerms, Route)
        case refused(RedisError)
    }

    /// The action for an accepted call.
    enum Route: Equatable {
        /// Send it on the connection, which exists.
        case send
        /// Keep it until there is a connection, or until an outage refuses it.
        case wait
        /// Keep it likewise, and start an attempt to connect.
        case connectAndWait
    }

    /// Admits a new call. Unless it is refused, ``completed(_:now:)`` must follow once.
    /// - Parameters:
    ///   - isIdempotent: whether the command may be sent twice.
    ///   - blockingTime: the time for which Redis may block the command.
    ///   - limit: the caller's own deadline, if any.
    ///   - silentSince: the time of the last reply on the connection; `nil` while it owes one, or without a connection.
    mutating func submit(
        isIdempotent: Bool, blockingFor blockingTime: TimeAmount, by limit: NIODeadline?, silentSince: NIODeadline?,
        now: NIODeadline
    ) -> Submission {
        guard callCount < RedisSession.maximumCallCount else {
            return .refused(.unavailable(reason: "\(callCount) commands are already waiting"))
        }
        // The caller no longer waits for the reply.
        if let limit, limit <= now { return .refused(.timeout) }
        let end = now + timeout + blockingTime
        // A firewall or proxy in between may have dropped a silent connection without closing it.
        let isSuspect = isIdempotent && silentSince.map { $0 < now - suspicionDelay } ?? false
        let submission = place(
            CallTerms(
                deadline: isSuspect ? now + suspectTimeout : end, end: end, limit: limit, mayRetry: isIdempotent), now)
        if case .accepted = submission { callCount += 1 }
        return submission
    }

    /// The timeout of a silent connection: 200 ms or a quarter of ``RedisConfiguration/timeout``, whichever is longer,
    /// but at most half of it, so that a new connection has time left.
    private var suspectTimeout: TimeAmount {
        let timeout = timeout.nanoseconds
        return max(min(.nanoseconds(timeout / 2), .milliseconds(200)), .nanoseconds(timeout / 4))
    }

    private mutating func place(_ terms: CallTerms, _ now: NIODeadline) -> Submission {
        if availability.isReady { return .accepted(terms, .send) }
        let action = hasSlept(now) ? began(availability.awoke(), now) : .nothing
        guard availability.mayWait else { return .refused(refusal) }
        return .accepted(terms, action == .connect ? .connectAndWait : .wait)
    }

    /// Decides about a call without a reply whose connection ended: it is sent again, once, if its command may be sent
    /// twice and it has time left.
    /// - Parameter reason: the reason that the connection ended.
    mutating func retry(_ terms: CallTerms, after reason: String, now: NIODeadline) -> Submission {
        guard terms.mayRetry, terms.end > now else { return .refused(.connectionLost(reason: reason)) }
        return place(CallTerms(deadline: terms.end, end: terms.end, limit: terms.limit, mayRetry: false), now)
    }

    /// The consequence of a call's result.
    enum Completion: Equatable {
        case nothing
        /// Report that Redis is available again, and after how long.
        case available(after: TimeAmount)
    }

    /// Records the result of a call that was not refused by ``submit(isIdempotent:blockingFor:by:silentSince:now:)``. A
    /// reply shows that the connection works.
    /// - Parameter now: evaluated only if needed, because most replies need no clock.
    mutating func completed(_ result: CallResult, now: @autoclosure () -> NIODeadline) -> Completion {
        callCount -= 1
        guard case .success(let reply) = result, availability.isReady else { return .nothing }
        availability.replied()
        if case .error = reply { return .nothing }
        guard let since = unavailableSince else { return .nothing }
        unavailableSince = nil
        availability.succeeded()
        return .available(after: now() - since)
    }
}

// MARK: - Connections

extension RedisSession {
    /// Whether there is a connection.
    var isReady: Bool { availability.isReady }

    /// Records a reply, which may be an error.
    mutating func replied() { availability.replied() }

    /// Gives up a connection that leads to the wrong server. The configured name or address may lead to another by now.
    mutating func leave(_ reason: String, _ now: NIODeadline) -> Departure? {
        guard availability.isReady else { return nil }
        let action = began(availability.left(at: now), now)
        if case .wait = action { return .unavailable(outage(reason, action, now)) }
        lastFailure = reason
        return .replace(reason: reason, action)
    }

    /// The start or continuation of a period in which calls are refused. Waiting calls must fail with ``refusal``.
    struct Outage: Equatable {
        let reason: String
        /// Whether it must be reported, because Redis was available before.
        let isNew: Bool
        /// The next step towards a connection.
        let next: Availability.Action
    }

    private mutating func outage(_ reason: String, _ next: Availability.Action, _ now: NIODeadline) -> Outage {
        guard availability.state != .closed else { return Outage(reason: lastFailure, isNew: false, next: .nothing) }
        lastFailure = reason
        defer { unavailableSince = unavailableSince ?? now }
        return Outage(reason: reason, isNew: unavailableSince == nil, next: next)
    }

    /// Starts the first attempt to connect.
    mutating func start(now: NIODeadline) -> Availability.Action {
        began(availability.start(), now)
    }

    /// Closes for good. Waiting calls must fail with ``refusal``, and the connection must be closed.
    mutating func close() {
        availability.close()
        nextEventDue = nil
        lastFailure = "the client is closed"
    }

    /// Records that an attempt to connect succeeded.
    /// - Returns: whether the connection is used, and gets the waiting calls. Otherwise it must be closed.
    mutating func connected(now: NIODeadline) -> Bool {
        guard availability.state != .closed else { return false }
        availability.connected(at: now)
        nextEventDue = nil
        return true
    }

    /// The consequence of a failed attempt to connect.
    enum FailedAttempt: Equatable {
        /// Start another attempt. Waiting calls keep waiting.
        case connect
        case unavailable(Outage)
    }

    /// Records that an attempt to connect failed.
    mutating func attemptFailed(_ reason: String, now: NIODeadline) -> FailedAttempt {
        guard hasSlept(now) else { return .unavailable(outage(reason, availability.failed(), now)) }
        // The failure is older than the sleep and says nothing about Redis now.
        _ = availability.awoke()
        _ = began(.connect, now)
        return .connect
    }

    /// Records the end of the wait of ``Availability/Action/wait(exponent:)``, once its length is known.
    mutating func waits(until due: NIODeadline) {
        nextEventDue = due
    }

    /// Records that the wait is over.
    mutating func waited(now: NIODeadline) -> Availability.Action {
        began(hasSlept(now) ? availability.awoke() : availability.waited(), now)
    }

    /// The consequence of a connection's end.
    enum Ending: Equatable {
        /// Take the action, then pass the connection's calls to ``retry(_:after:now:)``.
        case lost(reason: String, Availability.Action)
        /// Fail the connection's calls with the error.
        case unavailable(Outage, RedisError)
    }

    /// Records that the connection ended, unless it was given up.
    /// - Parameter first: the first of its calls that have no reply.
    mutating func ended(_ end: ConnectionEnd, first: CallTerms?, now: NIODeadline) -> Ending {
        switch end {
        case .timeout where first.map { $0.mayRetry && $0.end > now } ?? false:
            return lost("no answer on a connection that was idle", now)
        case .timeout:
            let reason = "no answer within \(timeout.nanoseconds / 1_000_000) ms"
            return .unavailable(outage(reason, availability.failed(), now), .timeout)
        case .lost(let error):
            return lost(String(describing: error), now)
        }
    }

    private mutating func lost(_ reason: String, _ now: NIODeadline) -> Ending {
        let action = began(availability.lost(at: now), now)
        if case .wait = action {
            return .unavailable(outage(reason, action, now), .connectionLost(reason: reason))
        }
        if availability.state != .closed { lastFailure = reason }
        return .lost(reason: reason, action)
    }
}
