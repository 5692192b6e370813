import NIOCore
import NIOHTTP1

/// One connection of a ``RuntimeAPIServer``. It parses calls, and sends the reply to each before it handles the next.
final class RuntimeAPIConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let number: Int
    private let maximumAnswerBytes: Int
    private let state: Mutexed<RuntimeAPIState>

    private var head: HTTPRequestHead?
    private var body = ByteBuffer()
    private var bodyByteCount = 0
    /// Calls that wait until an earlier one has its reply.
    private var calls: [RuntimeAPICall] = []
    private var isBusy = false
    private var isOver = false

    init(_ number: Int, maximumAnswerBytes: Int, state: Mutexed<RuntimeAPIState>) {
        self.number = number
        self.maximumAnswerBytes = maximumAnswerBytes
        self.state = state
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
            bodyByteCount = 0
        case .body(var part):
            bodyByteCount += part.readableBytes
            if bodyByteCount <= RuntimeAPIServer.usualMaximumAnswerBytes { body.writeBuffer(&part) }
        case .end:
            guard let head else { return }
            let isTooLarge = bodyByteCount > maximumAnswerBytes
            calls.append(RuntimeAPICall(head, body: Array(body.readableBytesView), isTooLarge: isTooLarge))
            takeCall(context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        isOver = true
        calls = []
        RuntimeAPIState.carryOut(state.update { [number] in $0.disconnect(number) })
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is HTTPParserError {
            let text = "\(error)"
            state.update { $0.receive(text) }
        }
        context.close(promise: nil)
    }

    private func takeCall(_ context: ChannelHandlerContext) {
        guard !isBusy, !calls.isEmpty else { return }
        isBusy = true
        let call = calls.removeFirst()
        let reply = context.eventLoop.makePromise(of: RuntimeAPIReply.self)
        reply.futureResult.assumeIsolated().whenComplete { result in
            guard case .success(let reply) = result else { return }
            self.send(reply, isLast: call.isLast, context)
        }
        RuntimeAPIState.carryOut(state.update { [number] in $0.receive(call, on: number, reply) })
    }

    private func send(_ reply: RuntimeAPIReply, isLast: Bool, _ context: ChannelHandlerContext) {
        let delay = state.update { $0.delay }
        guard delay > .zero else { return write(reply, isLast: isLast, context) }
        context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) {
            self.write(reply, isLast: isLast, context)
        }
    }

    private func write(_ reply: RuntimeAPIReply, isLast: Bool, _ context: ChannelHandlerContext) {
        guard !isOver else { return }
        let isLast = isLast || state.update { $0.closesAfterReply }
        var head = HTTPResponseHead(version: .http1_1, status: reply.status, headers: reply.fields)
        if isLast { head.headers.add(name: "Connection", value: "close") }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: reply.body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        guard !isLast else { return context.close(promise: nil) }
        isBusy = false
        takeCall(context)
    }
}
