import Net
import NIOCore
import NIOHTTP1
import Web

/// The last handler of an HTTP/1.1 connection. It tells an ``HTTPConnection`` of all events, and takes the actions that
/// it decides on.
final class HTTPConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    private let loopResponder: LoopResponder
    private let readiness: Readiness
    private let connections: LoopConnections

    private var connection: HTTPConnection
    private var context: ChannelHandlerContext?
    private var timer: Scheduled<Void>?
    private var peer: IPAddress?
    private var isDecoding = false
    private var isWaitingForTurn = false
    /// The request that is complete, to be answered when the decoder has returned.
    private var completeRequest: Request?
    /// The bytes of the request that is arriving or being answered.
    private var requestByteCount = 0
    /// The memory of a request that is being answered.
    private var inFlightByteCount = 0
    /// The bytes of a response that the client has not read.
    private var unreadByteCount = 0

    /// The first handler of the connection; `nil` once the connection has closed.
    var input: HTTPInput?
    /// The network by which the client's connections are counted; `nil` if they are not.
    private(set) var network: UInt64?
    /// The place among the connections of the event loop; `nil` if it has none.
    var index: Int?
    /// The memory that the connection uses beyond that of one without a request.
    private(set) var byteCount = 0

    init(
        responder loopResponder: LoopResponder, configuration: HTTPServerConfiguration, readiness: Readiness,
        connections: LoopConnections
    ) {
        self.loopResponder = loopResponder
        self.readiness = readiness
        self.connections = connections
        connection = HTTPConnection(configuration, at: .now())
    }

    // MARK: - Events

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        peer = context.remoteAddress?.ipAddress.flatMap { IPAddress(parsing: $0) }
        network = connections.census.network(of: peer)
        guard connections.add(self) else { return context.close(promise: nil) }
        setTimer(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        self.context = nil
        connection.closed()
        if inFlightByteCount == 0 { requestByteCount = 0 }
        unreadByteCount = 0
        account()
        connections.remove(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        perform(connection.received(unwrapInboundIn(data), at: .now()), context)
    }

    func read(context: ChannelHandlerContext) {
        perform(connection.readRequested(), context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable, unreadByteCount > 0 else { return }
        unreadByteCount = 0
        account()
        waitForTurn()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A decoder that has already failed reports this for all further input.
        if error is ByteToMessageDecoderError { return }
        guard let error = error as? HTTPParserError else { return context.close(promise: nil) }
        perform(connection.inputFailed(with: error, at: .now()), context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            perform(connection.inputClosed(at: .now()), context)
        case is ChannelShouldQuiesceEvent:
            perform(connection.quiesce(at: .now()), context)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    private func answered(with response: consuming Response, _ context: ChannelHandlerContext) {
        connections.adjustInFlight(by: -inFlightByteCount)
        (requestByteCount, inFlightByteCount) = (0, 0)
        let isLast = readiness.isDraining || connections.census.isFull
        perform(connection.answered(with: response, isLast: isLast, at: .now()), context)
        account()
    }

    private func flushed(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        perform(connection.flushed(at: .now()), context)
    }

    private func timerFired(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        perform(connection.timerFired(at: .now()), context)
    }

    // MARK: - Turns

    /// Gives the decoder what it may have of the bytes that are held, up to the end of one request. What is left waits
    /// for the connection's next turn, so that a client which sends many requests at once does not delay others.
    func decodeHeld() {
        guard !isDecoding, !isWaitingForTurn, let context, let input else { return }
        isDecoding = true
        connection.heldByteCount = input.held.byteCount
        while connection.heldByteCount > 0, !isWaitingForTurn {
            let demand = connection.demand(isWritable: context.channel.isWritable)
            guard let bytes = input.next(demand) else { break }
            connection.heldByteCount = input.held.byteCount
            decode(bytes, demand, input, context)
        }
        isDecoding = false
        perform(connection.settle(at: .now()), context)
        account()
    }

    private func decode(
        _ bytes: ByteBuffer, _ demand: HeldInput.Demand, _ input: HTTPInput, _ context: ChannelHandlerContext
    ) {
        guard demand != .discard else { return input.forwardEnd() }
        connection.bytesArrived(at: .now())
        requestByteCount += bytes.readableBytes
        input.decode(bytes)
        // Now that the decoder has returned: an answer may be sent at once.
        guard let request = completeRequest else {
            if demand == .chunks { waitForTurn() }
            return
        }
        completeRequest = nil
        respond(to: request, context)
    }

    /// Decodes the next request in the connection's next turn, if any of it is held.
    private func waitForTurn() {
        guard connection.heldByteCount > 0, !isWaitingForTurn else { return }
        isWaitingForTurn = true
        connections.waitForTurn(self)
    }

    /// Decodes the next request.
    func takeTurn() {
        isWaitingForTurn = false
        decodeHeld()
    }

    // MARK: - Room for others

    /// The time at which the last request was answered, or the connection accepted.
    var lastRequest: NIODeadline { connection.lastRequest }

    /// Whether the connection may be closed for another: it is open, and no request is being answered.
    var canMakeRoom: Bool { index != nil && !connection.isAnswering }

    /// Closes the connection, unless a request is being answered.
    func makeRoom() {
        if let context { perform(connection.makeRoom(), context) }
    }

    /// Closes the connection, unless a request is being answered, and gives up its memory.
    func freeMemory() {
        guard let context else { return }
        perform(connection.freeMemory(at: .now()), context)
        decodeHeld()
    }

    /// Tells the event loop's connections how much memory this one uses.
    private func account() {
        // Decoded, a request takes about twice its bytes, but an incomplete head nearly five times: the decoder's buffer
        // doubles when it is full.
        let factor = connection.demand(isWritable: true) == .head ? 5 : 2
        let current = (input?.held.capacity ?? 0) + factor * requestByteCount + unreadByteCount
        guard current != byteCount else { return }
        connections.adjust(by: current - byteCount)
        byteCount = current
    }

    // MARK: - Actions

    private func perform(_ action: consuming HTTPConnection.Action, _ context: ChannelHandlerContext) {
        switch action {
        case .nothing:
            break
        case .read:
            context.read()
        case .sendContinue:
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: ResponseWriter.continue)), promise: nil)
        case .respond(let head, let body):
            completeRequest = Request(head: head, body: body, peer: peer)
        case .send(let response, let isBodyOmitted, let connectionField):
            send(response, isBodyOmitted: isBodyOmitted, connectionField, context)
            if connectionField == .close { return finish(context) }
            waitForTurn()
            perform(connection.settle(at: .now()), context)
        case .refuse(let error, let head):
            let response = loopResponder.responder.response(
                to: error, fields: head.map { RequestFields($0.headers) } ?? [:])
            requestByteCount = 0
            send(response, isBodyOmitted: head?.method == .HEAD, .close, context)
            finish(context)
        case .finish:
            finish(context)
        case .closeOutput:
            setTimer(context)
            context.close(mode: .output, promise: nil)
        case .close:
            context.close(promise: nil)
        case .setTimer:
            setTimer(context)
        }
    }

    private func respond(to request: Request, _ context: ChannelHandlerContext) {
        let responder = loopResponder.responder
        guard !connections.isFull else {
            let error = HTTPError.serviceUnavailable(retryAfter: .seconds(1))
            return answered(with: responder.response(to: error, fields: request.fields), context)
        }
        inFlightByteCount = 2 * requestByteCount
        connections.adjustInFlight(by: inFlightByteCount)
        let this = NIOLoopBound(self, eventLoop: context.eventLoop)
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        Task.immediate(executorPreference: loopResponder.executor) {
            let response = await responder.respond(to: request)
            this.value.answered(with: response, context.value)
        }
    }

    private func send(
        _ response: Response, isBodyOmitted: Bool, _ connection: ResponseWriter.Connection,
        _ context: ChannelHandlerContext
    ) {
        let writer = connections.writer
        let ownBody = response.sharedBody == nil && !isBodyOmitted
        var buffer = context.channel.allocator.buffer(capacity: 768 + (ownBody ? response.body.count : 0))
        writer.write(response, isBodyOmitted: !ownBody, connection: connection, to: &buffer)
        let byteCount = buffer.readableBytes
        if let body = response.sharedBody, !isBodyOmitted {
            context.write(wrapOutboundOut(buffer), promise: nil)
            buffer = writer.buffer(of: body)
        }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        if !context.channel.isWritable { unreadByteCount += byteCount }
    }

    private func finish(_ context: ChannelHandlerContext) {
        setTimer(context)
        let isFlushed = context.eventLoop.makePromise(of: Void.self)
        let this = NIOLoopBound(self, eventLoop: context.eventLoop)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        isFlushed.futureResult.whenComplete { _ in this.value.flushed(bound.value) }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: isFlushed)
        // Discards the bytes that are held, and resumes reading.
        decodeHeld()
    }

    /// Schedules the one timer for all deadlines.
    private func setTimer(_ context: ChannelHandlerContext) {
        let this = NIOLoopBound(self, eventLoop: context.eventLoop)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        timer?.cancel()
        timer = context.eventLoop.scheduleTask(deadline: connection.nextCheck(after: .now())) {
            this.value.timerFired(bound.value)
        }
    }
}
