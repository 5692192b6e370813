import Logging
import NIOCore

/// A client's state: the connection, or the attempts to make one, and the calls that wait for it. It must be used only
/// on its event loop.
final class RedisSession {
    /// The maximum number of calls that are waiting or in flight.
    static let maximumCallCount = 16_384

    private let configuration: RedisConfiguration
    private let eventLoop: any EventLoop
    private let connector: RedisConnector
    private let logger: Logger
    private let backoff = Backoff()

    private var availability = Availability()
    private var connection: RedisConnection?
    private var waiting = CallQueue()
    private var callCount = 0
    private var lastFailure = "not connected yet"
    private var unavailableSince: NIODeadline?
    /// The time by which the current attempt to connect, or the wait before the next, is over; `nil` if there is
    /// neither.
    private var nextEventDue: NIODeadline?
    /// The delay after ``nextEventDue`` from which on the process must have slept.
    private static let sleepThreshold = TimeAmount.milliseconds(500)

    init(configuration: RedisConfiguration, eventLoop: any EventLoop, logger: Logger) throws {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.logger = logger
        connector = try RedisConnector(configuration: configuration, eventLoop: eventLoop)
    }

    /// Starts to connect.
    func start() {
        perform(availability.start())
    }

    /// Closes the connection for good. Calls without a reply fail, and so do all later ones.
    func close() {
        availability.close()
        nextEventDue = nil
        lastFailure = "the client is closed"
        connection?.close()
        refuseWaiting()
    }

    /// Sends a command, or lets it wait for a connection.
    /// - Parameters:
    ///   - limit: the caller's own deadline, if that is earlier than the one by the configured timeout.
    ///   - complete: called once, on the event loop.
    func submit(
        _ command: RedisCommand, isIdempotent: Bool, blockingFor blockingTime: TimeAmount, by limit: NIODeadline?,
        _ complete: @escaping (CallResult) -> Void
    ) {
        guard callCount < RedisSession.maximumCallCount else {
            return complete(.failure(.unavailable(reason: "\(callCount) commands are already waiting")))
        }
        let now = NIODeadline.now()
        // The caller no longer waits for the reply.
        if let limit, limit <= now { return complete(.failure(.timeout)) }
        callCount += 1
        let end = now + configuration.timeout + blockingTime
        var complete = complete
        if let limit, limit < end { complete = limited(complete, by: limit) }
        // A firewall or proxy in between may have dropped a silent connection without closing it.
        let isSuspect = isIdempotent && connection?.isSilent(since: now - configuration.suspicionDelay) ?? false
        let deadline = isSuspect ? now + suspectTimeout : end
        let call = Call(command: command, deadline: deadline, end: end, mayRetry: isIdempotent) { [complete] result in
            self.callCount -= 1
            complete(result)
            if case .success(let reply) = result { self.consider(reply) }
        }
        send(call)
    }

    /// The timeout of a silent connection: 200 ms or a quarter of ``RedisConfiguration/timeout``, whichever is longer,
    /// but at most half of it, so that a new connection has time left.
    private var suspectTimeout: TimeAmount {
        let timeout = configuration.timeout.nanoseconds
        return max(min(.nanoseconds(timeout / 2), .milliseconds(200)), .nanoseconds(timeout / 4))
    }

    /// Returns a completion that reports a timeout at `limit`. A later reply is ignored.
    private func limited(_ complete: @escaping (CallResult) -> Void, by limit: NIODeadline) -> (CallResult) -> Void {
        var isComplete = false
        let once = { (result: CallResult) in
            guard !isComplete else { return }
            isComplete = true
            complete(result)
        }
        let timer = eventLoop.assumeIsolated().scheduleTask(deadline: limit) { once(.failure(.timeout)) }
        return { result in
            timer.cancel()
            once(result)
        }
    }

    private func send(_ call: Call) {
        if hasSlept { perform(availability.awoke()) }
        if let connection, availability.isReady {
            connection.send(call)
        } else if availability.mayWait {
            waiting.append(call)
            waiting.arm(on: eventLoop) { [weak self] in self?.checkDeadline() }
        } else {
            call.complete(.failure(.unavailable(reason: lastFailure)))
        }
    }

    /// Whether the process slept past the end of an attempt to connect, or of the wait before one.
    private var hasSlept: Bool { nextEventDue.map { .now() - $0 > RedisSession.sleepThreshold } ?? false }

    /// Records a reply as a sign that the connection works. Leaves a server that has become a replica: the configured
    /// name or address may lead to a primary by now.
    private func consider(_ reply: RESPValue) {
        guard availability.isReady else { return }
        availability.replied()
        if case .error(let message) = reply {
            guard message.hasPrefix("READONLY") else { return }
            fail(message, availability.failed())
            connection?.close()
        } else if availability.failures > 0 || unavailableSince != nil {
            availability.succeeded()
            reportRecovery()
        }
    }

    private func perform(_ action: Availability.Action) {
        switch action {
        case .nothing:
            break
        case .connect:
            // Connecting and the handshake have the timeout each.
            nextEventDue = .now() + configuration.timeout + configuration.timeout
            connector.connect { self.attempted($0) }
        case .wait(let exponent):
            let due = NIODeadline.now() + backoff.delay(exponent: exponent, jitter: .random(in: 0...1))
            nextEventDue = due
            eventLoop.assumeIsolated().scheduleTask(deadline: due) {
                self.perform(self.hasSlept ? self.availability.awoke() : self.availability.waited())
            }
        }
    }

    private func attempted(_ result: Result<RedisConnection, RedisError>) {
        switch result {
        case .success(let connection):
            guard availability.state != .closed else { return connection.close() }
            availability.connected(at: .now())
            self.connection = connection
            nextEventDue = nil
            connection.onEnd = { [weak self] end, calls in self?.ended(end, calls) }
            for call in waiting.removeAll() { connection.send(call) }
        case .failure where hasSlept && availability.state != .closed:
            // The failure is older than the sleep and says nothing about Redis now, so waiting calls keep waiting.
            _ = availability.awoke()
            perform(.connect)
        case .failure(.unavailable(let reason)):
            fail(reason, availability.failed())
        case .failure(let error):
            fail(String(describing: error), availability.failed())
        }
    }

    private func ended(_ end: RedisConnection.End, _ calls: [Call]) {
        connection = nil
        let now = NIODeadline.now()
        switch end {
        case .timeout where calls.first.map { $0.mayRetry && $0.end > now } ?? false:
            replace(calls, "no answer on a connection that was idle")
        case .timeout:
            fail("no answer within \(configuration.timeout.nanoseconds / 1_000_000) ms", availability.failed())
            for call in calls { call.complete(.failure(.timeout)) }
        case .lost(let error):
            replace(calls, String(describing: error))
        }
    }

    /// Replaces a connection that ended, and sends its calls again if they may be retried. If too many were lost as
    /// soon as they were made, it is not replaced, and its calls fail.
    private func replace(_ calls: [Call], _ reason: String) {
        let now = NIODeadline.now()
        let action = availability.lost(at: now)
        if case .wait = action {
            fail(reason, action)
            for call in calls { call.complete(.failure(.connectionLost(reason: reason))) }
            return
        }
        logger.debug("redis_connection_lost", metadata: ["reason": "\(reason)"])
        if availability.state != .closed { lastFailure = reason }
        perform(action)
        for var call in calls {
            guard call.mayRetry, call.end > now else {
                call.complete(.failure(.connectionLost(reason: reason)))
                continue
            }
            call.mayRetry = false
            call.deadline = call.end
            send(call)
        }
    }

    /// Records that Redis is unavailable, and refuses the calls that wait for it.
    /// - Parameter next: the next step towards a connection.
    private func fail(_ reason: String, _ next: Availability.Action) {
        lastFailure = reason
        if unavailableSince == nil, availability.state != .closed {
            unavailableSince = .now()
            logger.warning("redis_unavailable", metadata: ["reason": "\(reason)"])
        }
        perform(next)
        refuseWaiting()
    }

    private func reportRecovery() {
        guard let since = unavailableSince else { return }
        unavailableSince = nil
        let milliseconds = (NIODeadline.now() - since).nanoseconds / 1_000_000
        logger.notice("redis_available", metadata: ["after_ms": "\(milliseconds)"])
    }

    private func refuseWaiting() {
        for call in waiting.removeAll() { call.complete(.failure(.unavailable(reason: lastFailure))) }
    }

    private func checkDeadline() {
        waiting.timerFired()
        while waiting.isOverdue(at: .now()), let call = waiting.removeFirst() { call.complete(.failure(.timeout)) }
        waiting.arm(on: eventLoop) { [weak self] in self?.checkDeadline() }
    }
}
