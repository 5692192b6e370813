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

    func submit(
        _ command: RedisCommand, isIdempotent: Bool, blockingFor blockingTime: TimeAmount,
        _ complete: @escaping (CallResult) -> Void
    ) {
        guard callCount < RedisSession.maximumCallCount else {
            return complete(.failure(.unavailable(reason: "\(callCount) commands are waiting already")))
        }
        callCount += 1
        let now = NIODeadline.now()
        let end = now + configuration.timeout + blockingTime
        // What stands between may have forgotten a connection that was silent for long, and let nobody know.
        let isSuspect = isIdempotent && connection?.isSilent(since: now - configuration.suspicionDelay) ?? false
        let deadline = isSuspect ? now + .nanoseconds(configuration.timeout.nanoseconds / 4) : end
        let call = Call(command: command, deadline: deadline, end: end, mayRetry: isIdempotent) { result in
            self.callCount -= 1
            complete(result)
            if case .success(let reply) = result { self.consider(reply) }
        }
        send(call)
    }

    private func send(_ call: Call) {
        if let connection, availability.isReady {
            connection.send(call)
        } else if availability.mayWait {
            waiting.append(call)
            waiting.arm(on: eventLoop) { [weak self] in self?.checkDeadline() }
        } else {
            call.complete(.failure(.unavailable(reason: lastFailure)))
        }
    }

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
            connector.connect { self.attempted($0) }
        case .wait(let exponent):
            let delay = backoff.delay(exponent: exponent, jitter: .random(in: 0...1))
            eventLoop.assumeIsolated().scheduleTask(in: delay) { self.perform(self.availability.waited()) }
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
