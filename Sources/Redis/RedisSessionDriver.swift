import Logging
import NIOCore

/// The connection, waiting calls, timers and log of a ``RedisSession``, which decides about them. It must be used only
/// on its event loop.
final class RedisSessionDriver {
    private let eventLoop: any EventLoop
    private let connector: RedisConnector
    private let logger: Logger
    private let backoff = Backoff()

    private var session: RedisSession
    private var connection: RedisConnection?
    private var waiting = CallQueue()
    private let held: HeldCalls
    /// Called with the difference of the clocks after each connection.
    private let onClock: (ClockDifference) -> Void
    private var isClockReported = false

    init(
        configuration: RedisConfiguration, eventLoop: any EventLoop, logger: Logger,
        onClock: @escaping (ClockDifference) -> Void
    ) throws {
        self.onClock = onClock
        self.eventLoop = eventLoop
        self.logger = logger
        held = HeldCalls(eventLoop: eventLoop)
        connector = try RedisConnector(configuration: configuration, eventLoop: eventLoop)
        session = RedisSession(timeout: configuration.timeout, suspicionDelay: configuration.suspicionDelay)
    }

    /// Starts to connect.
    func start() {
        perform(session.start(now: .now()))
    }

    /// Closes the connection for good. Calls without a reply fail, and so do all later ones.
    func close() {
        session.close()
        connection?.close()
        refuseWaiting()
        for call in held.removeAll() { call.complete(.failure(session.refusal)) }
    }

    /// Sends a command, or lets it wait for a connection.
    /// - Parameters:
    ///   - limit: the caller's own deadline, if that is earlier than the one by the configured timeout.
    ///   - complete: called once, on the event loop.
    func submit(
        _ command: RedisCommand, isIdempotent: Bool, blockingFor blockingTime: TimeAmount, by limit: NIODeadline?,
        _ complete: @escaping (CallResult) -> Void
    ) {
        let submission = session.submit(
            isIdempotent: isIdempotent, blockingFor: blockingTime, by: limit, silentSince: connection?.silentSince,
            now: .now())
        switch submission {
        case .refused(let error):
            complete(.failure(error))
        case .accepted(let terms, let route):
            var complete = complete
            if let limit, limit < terms.end { complete = limited(complete, by: limit) }
            let call = Call(command: command, terms: terms) { [complete] result in
                let completion = self.session.completed(result, now: .now())
                complete(result)
                self.perform(completion)
            }
            take(route, for: call)
        }
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

    private func take(_ route: RedisSession.Route, for call: Call) {
        switch route {
        case .send:
            // Cannot be nil: the session has a connection from `attempted` until the connection ends or is left.
            connection!.send(call)
        case .wait:
            keep(call)
        case .connectAndWait:
            keep(call)
            perform(.connect)
        }
    }

    private func keep(_ call: Call) {
        waiting.append(call)
        waiting.arm(on: eventLoop) { [weak self] in self?.checkDeadline() }
    }

    private func checkDeadline() {
        waiting.timerFired()
        while waiting.isOverdue(at: .now()), let call = waiting.removeFirst() { call.complete(.failure(.timeout)) }
        waiting.arm(on: eventLoop) { [weak self] in self?.checkDeadline() }
    }

    private func refuseWaiting() {
        for call in waiting.removeAll() { call.complete(.failure(session.refusal)) }
    }
}

// MARK: - Actions

extension RedisSessionDriver {
    private func perform(_ completion: RedisSession.Completion) {
        switch completion {
        case .nothing:
            break
        case .available(let time):
            logger.notice("redis_available", metadata: ["after_ms": "\(time.nanoseconds / 1_000_000)"])
        }
    }

    private func perform(_ outage: RedisSession.Outage) {
        if outage.isNew { logger.warning("redis_unavailable", metadata: ["reason": "\(outage.reason)"]) }
        perform(outage.next)
        refuseWaiting()
    }

    private func perform(_ action: Availability.Action) {
        switch action {
        case .nothing:
            break
        case .connect:
            connector.connect { self.attempted($0) }
        case .wait(let exponent):
            let due = NIODeadline.now() + backoff.delay(exponent: exponent, jitter: .random(in: 0...1))
            session.waits(until: due)
            eventLoop.assumeIsolated().scheduleTask(deadline: due) { self.perform(self.session.waited(now: .now())) }
        }
    }

    private func attempted(_ result: Result<RedisConnection, RedisError>) {
        switch result {
        case .success(let connection):
            guard session.connected(now: .now()) else { return connection.close() }
            self.connection = connection
            if let difference = connection.clockDifference { compared(difference) }
            connection.onEnd = { [weak self] end, calls in self?.ended(end, calls) }
            connection.onError = { [weak self, weak connection] call, message in
                self?.refused(call, message, on: connection)
            }
            for call in waiting.removeAll() { connection.send(call) }
            for call in held.removeAll() { resend(call) }
        case .failure(.unavailable(let reason)):
            attemptFailed(reason)
        case .failure(let error):
            attemptFailed(String(describing: error))
        }
    }

    /// Takes the difference of the clocks, and reports it if it is new and large.
    private func compared(_ difference: ClockDifference) {
        onClock(difference)
        if difference.isConspicuous, !isClockReported {
            logger.warning("clock_differs", metadata: ["redis_ahead_ms": "\(difference.milliseconds)"])
        }
        isClockReported = difference.isConspicuous
    }

    private func attemptFailed(_ reason: String) {
        switch session.attemptFailed(reason, now: .now()) {
        case .connect: perform(.connect)
        case .unavailable(let outage): perform(outage)
        }
    }

    private func ended(_ end: ConnectionEnd, _ calls: [Call]) {
        connection = nil
        switch session.ended(end, first: calls.first?.terms, now: .now()) {
        case .lost(let reason, let action):
            logger.debug("redis_connection_lost", metadata: ["reason": "\(reason)"])
            perform(action)
            retry(calls, after: reason)
        case .unavailable(let outage, let error):
            perform(outage)
            for call in calls { call.complete(.failure(error)) }
        }
    }

    private func retry(_ calls: [Call], after reason: String) {
        let now = NIODeadline.now()
        for var call in calls {
            switch session.retry(call.terms, after: reason, now: now) {
            case .refused(let error):
                call.complete(.failure(error))
            case .accepted(let terms, let route):
                call.terms = terms
                take(route, for: call)
            }
        }
    }
}

// MARK: - Calls that were not carried out

extension RedisSessionDriver {
    /// Takes the consequences of an error reply.
    private func refused(_ call: Call, _ message: String, on origin: RedisConnection?) {
        let now = NIODeadline.now()
        var call = call
        let (fate, departure) = session.refused(
            ErrorReply(message), call.terms, refusalCount: call.refusalCount, isCurrent: origin === connection,
            jitter: .random(in: 0...1), now: now)
        call.refusal = message
        call.refusalCount += 1
        if let departure { perform(departure) }
        switch fate {
        case .answer: call.complete(.success(.error(message)))
        case .hold: resend(call)
        case .again(let time):
            eventLoop.assumeIsolated().scheduleTask(deadline: time) { [call] in self.resend(call) }
        }
    }

    private func perform(_ departure: RedisSession.Departure) {
        let left = connection
        connection = nil
        switch departure {
        case .replace(let reason, let action):
            logger.debug("redis_connection_lost", metadata: ["reason": "\(reason)"])
            left?.onEnd = { [weak self] _, calls in self?.retry(calls, after: reason) }
            perform(action)
        case .unavailable(let outage):
            left?.onEnd = { [weak self] _, calls in self?.retry(calls, after: outage.reason) }
            perform(outage)
        }
        left?.leave()
    }

    /// Sends a call again, now or on the next connection.
    private func resend(_ call: Call) {
        guard let terms = session.resend(call.terms), let connection else {
            return held.append(call) { call in
                call.complete(call.refusal.map { .success(.error($0)) } ?? .failure(.timeout))
            }
        }
        var call = call
        call.terms = terms
        connection.send(call)
    }
}
