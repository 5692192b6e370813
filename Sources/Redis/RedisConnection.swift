import NIOCore

/// One pipelined connection, as the last handler of its channel. It belongs to its event loop.
///
/// Commands of one turn of the loop leave in one write. Replies complete the calls in the order in which they were
/// sent. The first call that is overdue ends the connection, since its late reply would answer another call.
final class RedisConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Why a connection ended.
    enum End {
        /// A call was overdue.
        case timeout
        /// It was closed, reset, or sent what is not RESP2.
        case lost(RedisError)
    }

    private let eventLoop: any EventLoop
    private let reader = RESPReader()
    private var context: ChannelHandlerContext?
    private var pending = CallQueue()
    private var outgoing = ByteBuffer()
    private var isFlushScheduled = false
    private var failure: RedisError?
    private var lastReply = NIODeadline.now()

    /// Called once, when the connection has ended, with the calls that have no reply.
    var onEnd: ((End, [Call]) -> Void)?

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    /// Whether nothing was asked or answered since a time.
    func isSilent(since time: NIODeadline) -> Bool { pending.isEmpty && lastReply < time }

    /// Sends a command with this turn of the event loop's others.
    func send(_ call: Call) {
        pending.appendInPipeline(call)
        pending.arm(on: eventLoop) { [weak self] in self?.checkDeadline() }
        call.command.write(to: &outgoing)
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        eventLoop.assumeIsolated().execute { self.flush() }
    }

    /// Ends the connection; calls without a reply are lost.
    func close() {
        context?.close(promise: nil)
    }

    private func flush() {
        isFlushScheduled = false
        guard let context else { return }
        context.writeAndFlush(wrapOutboundOut(outgoing), promise: nil)
        // Keeps the memory where the write went through at once, as it nearly always does.
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
                guard let call = pending.removeFirst() else { throw .unexpectedReply("no command is waiting for it") }
                lastReply = .now()
                call.complete(.success(reply))
            }
        } catch {
            failure = error
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failure = failure ?? .connectionLost(reason: String(describing: error))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.lost(failure ?? .connectionLost(reason: "closed by Redis")))
    }

    private func checkDeadline() {
        pending.timerFired()
        if pending.isOverdue(at: .now()) {
            let context = context
            end(.timeout)
            context?.close(promise: nil)
        } else {
            pending.arm(on: eventLoop) { [weak self] in self?.checkDeadline() }
        }
    }

    private func end(_ end: End) {
        guard let onEnd else { return }
        self.onEnd = nil
        onEnd(end, pending.removeAll())
        context = nil
    }
}
