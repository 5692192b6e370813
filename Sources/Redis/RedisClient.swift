import Logging
import NIOCore
import Platform
import Synchronization

/// Sends commands to Redis over one pipelined connection, on one event loop.
///
/// A lost connection is replaced at once, and so is one that leads to the wrong server. A command that Redis did not
/// carry out, because it is loading its data for example, is sent again. While Redis is unavailable, commands fail at once, and attempts to connect
/// continue in the background. Failures from before a sleep of the process do not count. Each command completes within
/// the configured timeout. Cancelling its task does not end it earlier: a command that was sent cannot be withdrawn.
package final class RedisClient: Sendable {
    /// The event loop of the connection.
    package let eventLoop: any EventLoop
    private let session: NIOLoopBound<RedisSessionDriver>
    private let onFailure: (@Sendable (RedisError) -> Void)?
    /// In milliseconds.
    private let difference: Shared

    private final class Shared: Sendable {
        let milliseconds = Atomic(0)
    }

    /// Creates a client that is not connected yet. Must be called on the event loop.
    /// - Throws: an error of NIOSSL if the certificate authorities cannot be read.
    package init(configuration: RedisConfiguration, eventLoop: any EventLoop, logger: Logger) throws {
        self.eventLoop = eventLoop
        onFailure = configuration.onFailure
        let difference = Shared()
        self.difference = difference
        session = NIOLoopBound(
            try RedisSessionDriver(configuration: configuration, eventLoop: eventLoop, logger: logger) {
                difference.milliseconds.store($0.milliseconds, ordering: .relaxed)
            },
            eventLoop: eventLoop)
    }

    /// The time by Redis' clock at a time of this process'. The clocks were compared when the connection was made.
    package func time(at now: UnixTime) -> UnixTime {
        now + .milliseconds(difference.milliseconds.load(ordering: .relaxed))
    }

    /// Starts to connect.
    package func start() {
        onEventLoop { $0.start() }
    }

    /// Closes the connection for good. Commands without a reply fail, and so do all later ones.
    package func close() {
        onEventLoop { $0.close() }
    }

    /// Sends a command and waits for its reply.
    /// - Parameters:
    ///   - command: what to send.
    ///   - isIdempotent: whether carrying out the command twice has the same effect as once. If so, the command is sent
    ///     once more if its connection ends before the reply, within the same deadline.
    ///   - blockingTime: the time for which Redis may block the command, in addition to the configured timeout. Later
    ///     commands wait until it is over, so blocking commands need a client of their own.
    /// - Throws: ``RedisError``; an error reply is ``RedisError/server(code:message:)``.
    package func send(
        _ command: RedisCommand, isIdempotent: Bool = false, blockingFor blockingTime: Duration = .zero
    ) async throws(RedisError) -> RESPValue {
        let limit = TaskDeadline.current
        // Resumed exactly once, as each call completes exactly once.
        let result = await withUnsafeContinuation { (continuation: UnsafeContinuation<CallResult, Never>) in
            onEventLoop { session in
                session.submit(command, isIdempotent: isIdempotent, blockingFor: TimeAmount(blockingTime), by: limit) {
                    continuation.resume(returning: $0)
                }
            }
        }
        switch result {
        case .success(.error(let message)): throw counted(RedisError(errorReply: message))
        case .success(let reply): return reply
        case .failure(let error): throw counted(error)
        }
    }

    private func counted(_ error: RedisError) -> RedisError {
        if !error.isExpected { onFailure?(error) }
        return error
    }

    /// Whether Redis answers.
    package func isReachable() async -> Bool {
        (try? await send(RedisCommand("PING"), isIdempotent: true)) != nil
    }

    private func onEventLoop(_ body: @escaping @Sendable (RedisSessionDriver) -> Void) {
        if eventLoop.inEventLoop {
            body(self.session.value)
        } else {
            eventLoop.execute { body(self.session.value) }
        }
    }
}
