import Net
import NIOCore
import NIOHTTP1
import Web

/// The last handler of an HTTP/1.1 connection. It serves requests one after another, each within its deadline.
///
/// Parts of a request wait here while an earlier request is being answered, or while the client does not read its
/// responses. When too many parts wait, reading stops.
final class HTTPConnection: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        /// Nothing of the next request has arrived.
        case idle
        /// Part of a request has arrived; the head is `nil` until it is complete.
        case receiving(HTTPRequestHead?, body: ByteBuffer)
        /// The responder is answering a request.
        case answering(HTTPRequestHead)
        /// The last response was sent; all further input is discarded.
        case closing
    }

    /// The number of waiting parts at which reading stops. One read of the socket can exceed it.
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
    /// Whether nothing of any request has arrived yet.
    private var isNew = true
    /// Whether the connection closes after the current request.
    private var isLastRequest = false
    /// Whether the client's input has ended or cannot be parsed. Requests received before are still answered.
    private var isInputOver = false
    /// Whether the client has closed its side of the connection.
    private var isInputClosed = false
    /// Whether the last response was sent, and the connection waits only for the client to close it.
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

    /// Called when bytes have arrived, before the decoder has read them.
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
        // A decoder that has already failed reports this for all further input.
        if error is ByteToMessageDecoderError { return }
        guard let error = error as? HTTPParserError else { return context.close(promise: nil) }
        switch phase {
        case .idle where waitingParts.isEmpty, .receiving:
            refuse(with: error == .headerOverflow ? .headerFieldsTooLarge : .badRequest, context)
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

    /// Answers the request that has begun to arrive, then closes the connection.
    private func quiesce(_ context: ChannelHandlerContext) {
        isLastRequest = true
        // A new client probably has a request on its way; an idle connection that was already answered can close.
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
                return refuse(with: .payloadTooLarge, context)
            }
            phase = .idle  // Releases the buffer's other reference, so that writing to it does not copy it.
            body.writeBuffer(&bytes)
            phase = .receiving(head, body: body)
        case (.receiving(let head?, let body), .end):
            answer(head, Array(body.readableBytesView), context)
        case (.idle, _), (.receiving, _):
            refuse(with: .badRequest, context)
        }
    }

    private func take(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        if case .idle = phase { beginReceiving() }
        phase = .receiving(head, body: ByteBuffer())
        if let error = head.error { return refuse(with: error, context) }
        // The decoder reads nothing after a request to upgrade.
        if head.asksToUpgrade { isLastRequest = true }
        if head.expectsContinue {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: ResponseWriter.continue)), promise: nil)
        }
    }

    private func answer(_ head: HTTPRequestHead, _ body: [UInt8], _ context: ChannelHandlerContext) {
        phase = .answering(head)
        deadline = .distantFuture  // The responder has its own deadlines.
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

    /// Takes the waiting parts, unless a request is being answered or the client does not read its responses.
    private func takeWaitingParts(_ context: ChannelHandlerContext) {
        // A request that needs no wait is answered before `take` returns. The outer loop then continues.
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

    // MARK: - Closing

    /// Closes the connection once the input has ended and every complete request is answered.
    private func finishIfOver(_ context: ChannelHandlerContext) {
        guard isInputOver, waitingParts.isEmpty else { return }
        switch phase {
        case .idle, .receiving: finish(context)
        case .answering: break
        case .closing: if isLingering { context.close(promise: nil) }
        }
    }

    /// Refuses a request without reading the rest of it, and closes the connection.
    private func refuse(with error: HTTPError, _ context: ChannelHandlerContext) {
        let head: HTTPRequestHead? = if case .receiving(let head, _) = phase { head } else { nil }
        let response = loopResponder.responder.response(
            to: error, fields: head.map { RequestFields($0.headers) } ?? [:])
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

    /// Closes the connection after the last response has been sent, or when the deadline passes.
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

    /// Reads and discards input for a short time. Closing a socket with unread bytes sends a reset, and the client may
    /// then lose the response.
    private func linger(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        guard !isInputClosed else { return context.close(promise: nil) }
        isLingering = true
        deadline = .now() + configuration.lingerTimeout
        setTimer(context)
        context.close(mode: .output, promise: nil)
    }

    // MARK: - The deadline

    /// Schedules the one timer for all deadlines. When it fires, it checks whether the current deadline has passed.
    private func setTimer(_ context: ChannelHandlerContext) {
        let this = NIOLoopBound(self, eventLoop: context.eventLoop)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        // A new request moves the deadline closer, so the timer fires more often than at the deadline.
        let next = min(deadline, .now() + .nanoseconds(configuration.requestTimeout.nanoseconds / 4))
        timer?.cancel()
        timer = context.eventLoop.scheduleTask(deadline: next) { this.value.timerFired(bound.value) }
    }

    private func timerFired(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        guard deadline <= .now() else { return setTimer(context) }
        switch phase {
        case .receiving:
            refuse(with: .requestTimeout, context)
        case .idle, .answering, .closing:
            context.close(promise: nil)
        }
    }
}
