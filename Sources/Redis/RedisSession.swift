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
    /// By when there is news of the present attempt to connect, or of the wait before the next.
    private var newsDue: NIODeadline?
    /// So much later than that, the process must have slept.
    private static let sleep = TimeAmount.milliseconds(500)
    private var connectionMade = NIODeadline.uptimeNanoseconds(0)
    /// Whether a command succeeded on the present connection.
    private var isProven = false
    /// How many connections in a row were lost as soon as they were made.
    private var uselessCount = 0
    private static let maximumUselessCount = 3

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
        newsDue = nil
        lastFailure = "the client is closed"
        connection?.close()
        refuseWaiting()
    }

    /// - Parameter limit: until when the reply is waited for, where that is earlier than the configured timeout has it.
    func submit(
        _ command: RedisCommand, isIdempotent: Bool, blockingFor blockingTime: TimeAmount, by limit: NIODeadline?,
        _ complete: @escaping (CallResult) -> Void
    ) {
        guard callCount < RedisSession.maximumCallCount else {
            return complete(.failure(.unavailable(reason: "\(callCount) commands are already waiting")))
        }
        let now = NIODeadline.now()
        // Nothing is done for nobody.
        if let limit, limit <= now { return complete(.failure(.timeout)) }
        callCount += 1
        let end = now + configuration.timeout + blockingTime
        var complete = complete
        if let limit, limit < end { complete = limited(complete, by: limit) }
        // What stands between may have forgotten a connection that was silent for long, and let nobody know.
        let isSuspect = isIdempotent && connection?.isSilent(since: now - configuration.suspicionDelay) ?? false
        let deadline = isSuspect ? now + suspectTimeout : end
        let call = Call(command: command, deadline: deadline, end: end, mayRetry: isIdempotent) { [complete] result in
            self.callCount -= 1
            complete(result)
            if case .success(let reply) = result { self.consider(reply) }
        }
        send(call)
    }

    /// How long a silent connection is given: a quarter of the timeout, but 200 ms where that leaves half for another.
    private var suspectTimeout: TimeAmount {
        let timeout = configuration.timeout.nanoseconds
        return max(min(.nanoseconds(timeout / 2), .milliseconds(200)), .nanoseconds(timeout / 4))
    }

    /// The same completion, which is told of a timeout at a time of its own. What Redis replies after that is nobody's.
    private func limited(_ complete: @escaping (CallResult) -> Void, by limit: NIODeadline) -> (CallResult) -> Void {
        var isOver = false
        let once = { (result: CallResult) in
            guard !isOver else { return }
            isOver = true
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

    /// Whether the process slept past what it was waiting for to have a connection.
    private var hasSlept: Bool { newsDue.map { .now() - $0 > RedisSession.sleep } ?? false }

    /// Takes a reply for a sign that the connection is of use; but leaves a server that became a replica: by the name
    /// or address that is configured there may be a primary by now.
    private func consider(_ reply: RESPValue) {
        guard availability.isReady else { return }
        isProven = true
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
            // To connect and to be answered have the timeout each.
            newsDue = .now() + configuration.timeout + configuration.timeout
            connector.connect { self.attempted($0) }
        case .wait(let exponent):
            let due = NIODeadline.now() + backoff.delay(exponent: exponent, jitter: .random(in: 0...1))
            newsDue = due
            eventLoop.assumeIsolated().scheduleTask(deadline: due) {
                self.perform(self.hasSlept ? self.availability.awoke() : self.availability.waited())
            }
        }
    }

    private func attempted(_ result: Result<RedisConnection, RedisError>) {
        switch result {
        case .success(let connection):
            guard availability.state != .closed else { return connection.close() }
            availability.connected()
            self.connection = connection
            newsDue = nil
            connectionMade = .now()
            isProven = false
            connection.onEnd = { [weak self] end, calls in self?.ended(end, calls) }
            for call in waiting.removeAll() { connection.send(call) }
        case .failure where hasSlept && availability.state != .closed:
            // That it failed says nothing of now, and whoever waits goes on to.
            _ = availability.awoke()
            perform(.connect)
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
            replace(calls, "no answer on a connection that was idle")
        case .timeout:
            fail("no answer within \(configuration.timeout.nanoseconds / 1_000_000) ms")
            for call in calls { call.complete(.failure(.timeout)) }
        case .lost(let error):
            let reason = String(describing: error)
            let isUseless = !isProven && now - connectionMade < .milliseconds(100)
            uselessCount = isUseless ? uselessCount + 1 : 0
            guard uselessCount > RedisSession.maximumUselessCount else { return replace(calls, reason) }
            fail(reason)
            for call in calls { call.complete(.failure(.connectionLost(reason: reason))) }
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
