import NIOCore
import NIOHTTP1
import Net
import Web

/// One HTTP/1.1 connection, as the last handler of its channel: requests one after another, each within its deadline.
///
/// Parts of a request that come before the one ahead of it is answered, or while the client does not read its
/// responses, wait here; when too many do, no more is read.
final class HTTPConnection: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        /// Nothing of the next request has come.
        case idle
        /// Some of a request has come; the head is `nil` until all of it has.
        case receiving(HTTPRequestHead?, body: ByteBuffer)
        /// A request is with the door.
        case answering(HTTPRequestHead)
        /// The last response was sent, and whatever comes is thrown away.
        case closing
    }

    /// How many parts may wait before reading stops. One read of the socket can exceed it, by what that read brought.
    private static let maximumWaitingPartCount = 8

    private let loopResponder: LoopResponder
    private let configuration: HTTPServerConfiguration
    private let readiness: Readiness
    private let writer: ResponseWriter

    private var phase = Phase.idle
    private var waitingParts = CircularBuffer<HTTPServerRequestPart>()
    private var deadline: NIODeadline
    private var timer: Scheduled<Void>?
    private var peer: IPAddress?
    private var isReadHeld = false
    private var isTakingParts = false
    /// Whether nothing of any request has come yet.
    private var isNew = true
    /// Whether no request is to follow the present one.
    private var isLastRequest = false
    /// Whether the client will send no more, or nothing sensible; what has come before is still answered.
    private var isInputOver = false
    /// Whether the client has closed its side of the connection.
    private var isInputClosed = false
    /// Whether the last response has left, and only the client's end of the connection is waited for.
    private var isLingering = false

    init(
        responder loopResponder: LoopResponder, configuration: HTTPServerConfiguration, readiness: Readiness,
        writer: ResponseWriter
    ) {
        self.loopResponder = loopResponder
        self.configuration = configuration
        self.readiness = readiness
        self.writer = writer
        deadline = .now() + configuration.idleTimeout
    }

    // MARK: - Events

    func channelActive(context: ChannelHandlerContext) {
        peer = context.remoteAddress?.ipAddress.flatMap { IPAddress(parsing: $0) }
        setTimer(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        phase = .closing
        waitingParts.removeAll()
    }

    /// Bytes have come, of which the decoder may not have made anything yet.
    func bytesArrived() {
        guard case .idle = phase else { return }
        beginReceiving()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        waitingParts.append(unwrapInboundIn(data))
        takeWaitingParts(context)
    }

    func read(context: ChannelHandlerContext) {
        if waitingParts.count < HTTPConnection.maximumWaitingPartCount {
            context.read()
        } else {
            isReadHeld = true
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        takeWaitingParts(context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What a decoder says that has given up already.
        if error is ByteToMessageDecoderError { return }
        guard let error = error as? HTTPParserError else { return context.close(promise: nil) }
        switch phase {
        case .idle where waitingParts.isEmpty, .receiving:
            refuse(error == .headerOverflow ? .headerFieldsTooLarge : .badRequest, context)
        case .idle, .answering:
            isInputOver = true
        case .closing:
            break
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            isInputOver = true
            isInputClosed = true
            finishIfOver(context)
        case is ChannelShouldQuiesceEvent:
            quiesce(context)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    /// Answers what has begun to come, and ends.
    private func quiesce(_ context: ChannelHandlerContext) {
        isLastRequest = true
        // A client that has just connected has a request on its way; one that was answered may go.
        if case .idle = phase, !isNew { return finish(context) }
        deadline = min(deadline, .now() + (isNew ? configuration.firstRequestTimeout : configuration.drainTimeout))
        setTimer(context)
    }

    // MARK: - A request

    private func beginReceiving() {
        isNew = false
        phase = .receiving(nil, body: ByteBuffer())
        deadline = .now() + configuration.requestTimeout
        if isLastRequest { deadline = min(deadline, .now() + configuration.drainTimeout) }
    }

    private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch (phase, part) {
        case (.closing, _), (.answering, _):
            break
        case (.idle, .head), (.receiving(nil, _), .head):
            guard case .head(let head) = part else { return }
            take(head, context)
        case (.receiving(let head?, var body), .body(var bytes)):
            guard body.readableBytes + bytes.readableBytes <= Request.maximumBodyByteCount else {
                return refuse(.payloadTooLarge, context)
            }
            phase = .idle  // So that the buffer has one owner while it grows.
            body.writeBuffer(&bytes)
            phase = .receiving(head, body: body)
        case (.receiving(let head?, let body), .end):
            answer(head, Array(body.readableBytesView), context)
        case (.idle, _), (.receiving, _):
            refuse(.badRequest, context)
        }
    }

    private func take(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        if case .idle = phase { beginReceiving() }
        phase = .receiving(head, body: ByteBuffer())
        if let refusal = head.refusal { return refuse(refusal, context) }
        // Behind a request to upgrade the decoder reads nothing more.
        if head.asksToUpgrade { isLastRequest = true }
        if head.expectsContinue {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: ResponseWriter.continue)), promise: nil)
        }
    }

    private func answer(_ head: HTTPRequestHead, _ body: [UInt8], _ context: ChannelHandlerContext) {
        phase = .answering(head)
        deadline = .distantFuture  // The door has deadlines of its own.
        let request = Request(head: head, body: body, peer: peer)
        let responder = loopResponder.responder
        let this = NIOLoopBound(self, eventLoop: context.eventLoop)
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        Task.immediate(executorPreference: loopResponder.executor) {
            let response = await responder.respond(to: request)
            this.value.answered(response, context.value)
        }
    }

    private func answered(_ response: Response, _ context: ChannelHandlerContext) {
        guard case .answering(let head) = phase else { return }
        let isOver = isInputOver && waitingParts.isEmpty
        let isLast = isLastRequest || isOver || !head.isKeepAlive || readiness.isDraining
        let connection: ResponseWriter.Connection =
            isLast ? .close : head.isHTTP1_0 ? .keepAliveExplicitly : .keepAlive
        send(response, isBodyOmitted: head.method == .HEAD, connection, context)
        guard !isLast else { return finish(context) }
        phase = .idle
        deadline = .now() + configuration.idleTimeout
        takeWaitingParts(context)
    }

    /// Goes on with what has come, unless a request is being answered, or the client does not read its responses.
    private func takeWaitingParts(_ context: ChannelHandlerContext) {
        // A request that needs no wait is answered before `take` returns: the loop that took it goes on, not one within
        // it.
        guard !isTakingParts else { return }
        isTakingParts = true
        defer { isTakingParts = false }
        while context.channel.isWritable, !waitingParts.isEmpty {
            if case .answering = phase { break }
            take(waitingParts.removeFirst(), context)
        }
        finishIfOver(context)
        guard isReadHeld, waitingParts.count < HTTPConnection.maximumWaitingPartCount else { return }
        isReadHeld = false
        context.read()
    }

    // MARK: - The end

    /// Ends the connection once all that the client had to say is answered, or can never be: a part of a request is
    /// none.
    private func finishIfOver(_ context: ChannelHandlerContext) {
        guard isInputOver, waitingParts.isEmpty else { return }
        switch phase {
        case .idle, .receiving: finish(context)
        case .answering: break
        case .closing: if isLingering { context.close(promise: nil) }
        }
    }

    /// Answers a request that is not served, without reading on, and ends the connection.
    private func refuse(_ refusal: HTTPError, _ context: ChannelHandlerContext) {
        let head: HTTPRequestHead? = if case .receiving(let head, _) = phase { head } else { nil }
        let response = loopResponder.responder.response(
            to: refusal, fields: head.map { RequestFields($0.headers) } ?? [:])
        send(response, isBodyOmitted: head?.method == .HEAD, .close, context)
        finish(context)
    }

    private func send(
        _ response: Response, isBodyOmitted: Bool, _ connection: ResponseWriter.Connection,
        _ context: ChannelHandlerContext
    ) {
        var buffer = context.channel.allocator.buffer(capacity: 768 + response.body.count)
        writer.write(response, isBodyOmitted: isBodyOmitted, connection: connection, to: &buffer)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    /// Ends the connection behind the last response: once the client has taken it, if it does in time.
    private func finish(_ context: ChannelHandlerContext) {
        phase = .closing
        waitingParts.removeAll()
        deadline = .now() + (isLastRequest ? configuration.drainTimeout : configuration.idleTimeout)
        setTimer(context)
        let isFlushed = context.eventLoop.makePromise(of: Void.self)
        let (this, bound) = (
            NIOLoopBound(self, eventLoop: context.eventLoop), NIOLoopBound(context, eventLoop: context.eventLoop)
        )
        isFlushed.futureResult.whenComplete { _ in this.value.linger(bound.value) }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: isFlushed)
        guard isReadHeld else { return }
        isReadHeld = false
        context.read()
    }

    /// Reads what the client still sends for a moment: a socket that is closed with bytes unread sends a reset, and the
    /// client may lose the response to it.
    private func linger(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        guard !isInputClosed else { return context.close(promise: nil) }
        isLingering = true
        deadline = .now() + configuration.lingerTimeout
        setTimer(context)
        context.close(mode: .output, promise: nil)
    }

    // MARK: - The deadline

    /// One timer serves all deadlines: it is not moved with them, but looks when it fires whether the present one has
    /// passed.
    private func setTimer(_ context: ChannelHandlerContext) {
        let this = NIOLoopBound(self, eventLoop: context.eventLoop)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        // When a request begins the deadline comes nearer, so it looks more often than that.
        let next = min(deadline, .now() + .nanoseconds(configuration.requestTimeout.nanoseconds / 4))
        timer?.cancel()
        timer = context.eventLoop.scheduleTask(deadline: next) { this.value.timerFired(bound.value) }
    }

    private func timerFired(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        guard deadline <= .now() else { return setTimer(context) }
        switch phase {
        case .receiving:
            refuse(.requestTimeout, context)
        case .idle, .answering, .closing:
            context.close(promise: nil)
        }
    }
}
