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
    private let writer: ResponseWriter

    private var connection: HTTPConnection
    private var isTakingParts = false
    private var timer: Scheduled<Void>?
    private var peer: IPAddress?

    init(
        responder loopResponder: LoopResponder, configuration: HTTPServerConfiguration, readiness: Readiness,
        writer: ResponseWriter
    ) {
        self.loopResponder = loopResponder
        self.readiness = readiness
        self.writer = writer
        connection = HTTPConnection(configuration, at: .now())
    }

    // MARK: - Events

    func channelActive(context: ChannelHandlerContext) {
        peer = context.remoteAddress?.ipAddress.flatMap { IPAddress(parsing: $0) }
        setTimer(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        connection.closed()
    }

    /// Called when bytes have arrived, before the decoder has read them.
    func bytesArrived() {
        connection.bytesArrived(at: .now())
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection.received(unwrapInboundIn(data))
        takeParts(context)
    }

    func read(context: ChannelHandlerContext) {
        perform(connection.readRequested(), context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        takeParts(context)
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
        perform(connection.answered(with: response, isDraining: readiness.isDraining, at: .now()), context)
    }

    private func flushed(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        perform(connection.flushed(at: .now()), context)
    }

    private func timerFired(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        perform(connection.timerFired(at: .now()), context)
    }

    // MARK: - Actions

    private func takeParts(_ context: ChannelHandlerContext) {
        // A request that needs no wait is answered before `perform` returns. The outer loop then continues.
        guard !isTakingParts else { return }
        isTakingParts = true
        defer { isTakingParts = false }
        while true {
            let action = connection.takeParts(isWritable: context.channel.isWritable, at: .now())
            if case .nothing = action { return }
            perform(action, context)
        }
    }

    private func perform(_ action: consuming HTTPConnection.Action, _ context: ChannelHandlerContext) {
        switch action {
        case .nothing:
            break
        case .read:
            context.read()
        case .sendContinue:
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: ResponseWriter.continue)), promise: nil)
        case .respond(let head, let body):
            respond(to: head, body, context)
        case .send(let response, let isBodyOmitted, let connectionField):
            send(response, isBodyOmitted: isBodyOmitted, connectionField, context)
            if connectionField == .close { finish(context) } else { takeParts(context) }
        case .refuse(let error, let head):
            let response = loopResponder.responder.response(
                to: error, fields: head.map { RequestFields($0.headers) } ?? [:])
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

    private func respond(to head: HTTPRequestHead, _ body: ByteBuffer, _ context: ChannelHandlerContext) {
        let request = Request(head: head, body: Array(body.readableBytesView), peer: peer)
        let responder = loopResponder.responder
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
        var buffer = context.channel.allocator.buffer(capacity: 768 + response.body.count)
        writer.write(response, isBodyOmitted: isBodyOmitted, connection: connection, to: &buffer)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    private func finish(_ context: ChannelHandlerContext) {
        setTimer(context)
        let isFlushed = context.eventLoop.makePromise(of: Void.self)
        let this = NIOLoopBound(self, eventLoop: context.eventLoop)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        isFlushed.futureResult.whenComplete { _ in this.value.flushed(bound.value) }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: isFlushed)
        perform(connection.resumeReading(), context)
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
