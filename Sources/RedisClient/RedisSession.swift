import Logging
import NIOCore

/// A client's state: the connection, or what is being done to have one again, and the calls that wait for it. It
/// belongs to its event loop.
final class RedisSession {
    /// How many calls may wait or be on their way at once.
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
    /// When the next attempt to connect is due, where one is waited for.
    private var attemptDue: NIODeadline?
    /// The least time that a silent connection is given.
    private static let minimumSuspectTimeout = TimeAmount.milliseconds(200)

    init(configuration: RedisConfiguration, eventLoop: any EventLoop, logger: Logger) throws {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.logger = logger
        connector = try RedisConnector(configuration: configuration, eventLoop: eventLoop)
    }

    func start() {
        perform(availability.start())
    }

    func close() {
        availability.close()
        lastFailure = "the client is closed"
        connection?.close()
        refuseWaiting()
    }

    /// - Parameter limit: by when the reply must have come, where that is earlier than the configured timeout has it.
    func submit(
        _ command: RedisCommand, isIdempotent: Bool, blockingFor blockingTime: TimeAmount, by limit: NIODeadline?,
        _ complete: @escaping (CallResult) -> Void
    ) {
        guard callCount < RedisSession.maximumCallCount else {
            return complete(.failure(.unavailable(reason: "\(callCount) commands are waiting already")))
        }
        let now = NIODeadline.now()
        let usualEnd = now + configuration.timeout + blockingTime
        let end = min(usualEnd, limit ?? .distantFuture)
        guard end > now else { return complete(.failure(.timeout)) }
        callCount += 1
        // What stands between may have forgotten a connection that was silent for long, and let nobody know.
        let isSuspect = isIdempotent && connection?.isSilent(since: now - configuration.suspicionDelay) ?? false
        let part = max(
            RedisSession.minimumSuspectTimeout, .nanoseconds(configuration.timeout.nanoseconds / 4))
        let deadline = isSuspect ? min(now + part, end) : end
        let call = Call(
            command: command, deadline: deadline, end: end, mayRetry: isIdempotent, isCurtailed: end < usualEnd
        ) { result in
            self.callCount -= 1
            complete(result)
            if case .success(let reply) = result { self.consider(reply) }
        }
        send(call)
    }

    private func send(_ call: Call) {
        if let connection, availability.isReady {
            connection.send(call)
        } else if availability.mayWait || isAttemptOverdue {
            waiting.append(call)
            waiting.arm(on: eventLoop) { [weak self] in self?.checkDeadline() }
            // After a freeze this call may be here before the timer is.
            perform(availability.waited())
        } else {
            call.complete(.failure(.unavailable(reason: lastFailure)))
        }
    }

    private var isAttemptOverdue: Bool { attemptDue.map { $0 <= .now() } ?? false }

    /// Takes a reply for a sign that the connection is of use; but leaves a server that became a replica: by the name
    /// or address that is configured there may be a primary by now.
    private func consider(_ reply: RESPValue) {
        guard availability.isReady else { return }
        if case .error(let message) = reply {
            guard message.hasPrefix("READONLY") else { return }
            fail(message)
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
            attemptDue = nil
            connector.connect { self.attempted($0) }
        case .wait(let exponent):
            let due = NIODeadline.now() + backoff.delay(exponent: exponent, jitter: .random(in: 0...1))
            attemptDue = due
            eventLoop.assumeIsolated().scheduleTask(deadline: due) { self.perform(self.availability.waited()) }
        }
    }

    private func attempted(_ result: Result<RedisConnection, RedisError>) {
        switch result {
        case .success(let connection):
            guard availability.state != .closed else { return connection.close() }
            availability.connected()
            self.connection = connection
            connection.onEnd = { [weak self] end, calls in self?.ended(end, calls) }
            for call in waiting.removeAll() { connection.send(call) }
        case .failure(.unavailable(let reason)):
            fail(reason)
        case .failure(let error):
            fail(String(describing: error))
        }
    }

    private func ended(_ end: RedisConnection.End, _ calls: [Call]) {
        connection = nil
        let now = NIODeadline.now()
        switch end {
        case .timeout where calls.first.map { $0.mayRetry && $0.end > now } ?? false:
            replace(calls, "no answer after a long silence")
        case .timeout where calls.first?.isCurtailed ?? false:
            calls.first?.complete(.failure(.timeout))
            replace(Array(calls.dropFirst()), "no answer in the time that there was")
        case .timeout:
            fail("no answer within \(configuration.timeout.nanoseconds / 1_000_000) ms")
            for call in calls { call.complete(.failure(.timeout)) }
        case .lost(let error):
            replace(calls, String(describing: error))
        }
    }

    /// Makes another connection in the place of one that ended, and sends on it what may be sent twice.
    private func replace(_ calls: [Call], _ reason: String) {
        logger.debug("redis_connection_lost", metadata: ["reason": "\(reason)"])
        if availability.state != .closed { lastFailure = reason }
        perform(availability.lost())
        let now = NIODeadline.now()
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

    /// Notes that Redis cannot be used, and refuses whoever waits for it.
    private func fail(_ reason: String) {
        lastFailure = reason
        if unavailableSince == nil, availability.state != .closed {
            unavailableSince = .now()
            logger.warning("redis_unavailable", metadata: ["reason": "\(reason)"])
        }
        perform(availability.failed())
        refuseWaiting()
    }

    private func reportRecovery() {
        guard let since = unavailableSince else { return }
        unavailableSince = nil
        let milliseconds = (NIODeadline.now() - since).nanoseconds / 1_000_000
        logger.notice("redis_available_again", metadata: ["after_ms": "\(milliseconds)"])
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
