import Logging
import NIOCore
import Platform

/// Sends commands to Redis over one pipelined connection, on one event loop.
///
/// A lost connection is made again at once; while Redis is away, callers are refused at once and attempts follow in the
/// background. After a sleep of the process nothing counts that was before it. Each command ends within the configured
/// timeout. It is not ended earlier by its task's cancellation: what was sent cannot be called back.
package final class RedisClient: Sendable {
    package let eventLoop: any EventLoop
    private let session: NIOLoopBound<RedisSession>

    /// Must be called on the event loop.
    /// - Throws: where the certificate authorities cannot be read.
    package init(configuration: RedisConfiguration, eventLoop: any EventLoop, logger: Logger) throws {
        self.eventLoop = eventLoop
        session = NIOLoopBound(
            try RedisSession(configuration: configuration, eventLoop: eventLoop, logger: logger), eventLoop: eventLoop)
    }

    /// Begins to connect.
    package func start() {
        onEventLoop { $0.start() }
    }

    /// Closes the connection for good; whoever waits is told that Redis is unavailable.
    package func close() {
        onEventLoop { $0.close() }
    }

    /// Sends a command and waits for its reply.
    /// - Parameters:
    ///   - command: what to send.
    ///   - isIdempotent: whether Redis ends up the same where the command is carried out twice. It is then sent once
    ///     more when its connection ended before the reply, within the same deadline.
    ///   - blockingTime: for how long Redis may keep the command waiting, beyond the configured timeout. Whatever is
    ///     sent behind such a command waits with it, so it wants a client of its own.
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
        let reply = try result.get()
        guard case .error(let message) = reply else { return reply }
        throw .server(code: String(message.prefix { $0 != " " }), message: RedisError.withoutArguments(message))
    }

    private func onEventLoop(_ body: @escaping @Sendable (RedisSession) -> Void) {
        if eventLoop.inEventLoop {
            body(self.session.value)
        } else {
            eventLoop.execute { body(self.session.value) }
        }
    }
}
