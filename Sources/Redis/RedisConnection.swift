import NIOCore
import Platform

/// One pipelined connection, as the last handler of its channel. It must be used only on its event loop.
///
/// The commands of one iteration of the event loop are sent in one write. Replies complete the calls in the order in
/// which they were sent. An overdue call ends the connection, because its late reply would be read as the reply to
/// another call.
final class RedisConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let eventLoop: any EventLoop
    private let reader = RESPReader()
    private var context: ChannelHandlerContext?
    private var pending = CallQueue()
    private var outgoing = ByteBuffer()
    private var isFlushScheduled = false
    private var failure: RedisError?
    private var lastReply = NIODeadline.now()
    /// The last reply, if it was an error.
    private var lastError: String?
    private var isLeft = false
    /// The longest time by which a call may exceed its deadline because this process is late to read its reply.
    private static let maximumDelay = TimeAmount.seconds(5)
    /// The time until the next look whether that reply was read.
    private static let lookInterval = TimeAmount.milliseconds(1)

    /// The difference of Redis' clock from this process', when the connection was made; `nil` if Redis did not tell.
    var clockDifference: ClockDifference?

    /// Called once, when the connection has ended, with the calls that have no reply.
    var onEnd: ((ConnectionEnd, [Call]) -> Void)?
    /// Called with each error reply to a call, which it must complete or send again; `nil` to complete the call with it.
    var onError: ((Call, String) -> Void)?

    /// The age up to which an error of Redis explains that it closed the connection.
    private static let explanationAge = TimeAmount.seconds(1)

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    /// The time of the last reply, or of the connection's creation; `nil` while a call is waiting for a reply.
    var silentSince: NIODeadline? { pending.isEmpty ? lastReply : nil }

    /// Sends a command in one write with the others of this iteration of the event loop.
    func send(_ call: Call) {
        pending.appendInPipeline(call)
        pending.arm(on: eventLoop) { [weak self] in self?.checkDeadline() }
        call.command.write(to: &outgoing)
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        eventLoop.assumeIsolated().execute { self.flush() }
    }

    /// Ends the connection. Calls without a reply are passed to ``onEnd``.
    func close() {
        context?.close(promise: nil)
    }

    /// Ends the connection once its calls are answered. No more must be sent on it.
    func leave() {
        isLeft = true
        if pending.isEmpty { close() }
    }

    private func flush() {
        isFlushScheduled = false
        guard let context else { return }
        context.writeAndFlush(wrapOutboundOut(outgoing), promise: nil)
        // Reuses the memory if the write completed at once, as it nearly always does.
        outgoing.clear()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        do throws(RedisError) {
            var fed: Result<Void, RedisError> = .success(())
            buffer.withUnsafeReadableBytes { bytes in
                fed = Result { () throws(RedisError) in try reader.feed(bytes) }
            }
            try fed.get()
            while let reply = try reader.next() {
                try received(reply)
            }
            if isLeft, pending.isEmpty { context.close(promise: nil) }
        } catch {
            failure = error
            context.close(promise: nil)
        }
    }

    private func received(_ reply: RESPValue) throws(RedisError) {
        lastReply = .now()
        guard case .error(let message) = reply else {
            lastError = nil
            guard let call = pending.removeFirst() else { throw .unexpectedReply("no command is waiting for it") }
            return call.complete(.success(reply))
        }
        lastError = message
        // Redis may send an error before the first command, when it closes a connection that it just accepted.
        guard let call = pending.removeFirst() else {
            throw .connectionLost(reason: RedisConnection.explanation(of: ErrorReply(message)))
        }
        guard let onError else { return call.complete(.success(reply)) }
        onError(call, message)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failure = failure ?? .connectionLost(reason: String(describing: error))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.lost(reason))
    }

    /// The reason that the connection was closed: what Redis said before it, if it said so just now.
    private var reason: RedisError {
        if case .unexpectedReply(let what)? = failure { return .unexpectedReply(what) }
        guard let lastError, lastReply + RedisConnection.explanationAge > .now() else {
            return failure ?? .connectionLost(reason: "closed by Redis")
        }
        let reply = ErrorReply(lastError)
        guard ![.expected, .unknownScript].contains(reply.meaning) else {
            return failure ?? .connectionLost(reason: "closed by Redis")
        }
        return .connectionLost(reason: RedisConnection.explanation(of: reply))
    }

    private static func explanation(of error: ErrorReply) -> String { "closed by Redis: \(error.explanation)" }

    private func checkDeadline() {
        pending.timerFired()
        let now = NIODeadline.now()
        if pending.isOverdue(at: now) {
            // A busy event loop gets to its timers before it reads. That is not Redis' delay.
            if !pending.isOverdue(at: now - RedisConnection.maximumDelay), hasUnreadBytes {
                eventLoop.assumeIsolated().scheduleTask(in: RedisConnection.lookInterval) { self.checkDeadline() }
                return
            }
            let context = context
            end(.timeout)
            context?.close(promise: nil)
        } else {
            pending.arm(on: eventLoop) { [weak self] in self?.checkDeadline() }
        }
    }

    /// Whether bytes have arrived that the event loop has not read yet.
    private var hasUnreadBytes: Bool {
        guard let context else { return false }
        let isReadable = try? context.channel.pipeline.syncOperations.withUnsafeTransportIfAvailable {
            (socket: NIOBSDSocket.Handle) in
            var descriptor = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            return poll(&descriptor, 1, 0) > 0 && descriptor.revents & Int16(POLLIN) != 0
        }
        return isReadable ?? false
    }

    private func end(_ end: ConnectionEnd) {
        guard let onEnd else { return }
        self.onEnd = nil
        onEnd(end, pending.removeAll())
        onError = nil
        context = nil
    }
}
