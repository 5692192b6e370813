import NIOCore

/// Stops accepting connections while the maximum number is open; further clients wait in the listener's backlog. The
/// first handler of the listening channel.
final class ConnectionLimit: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never

    private let limit: Int
    private var openCount = 0
    private var isReadHeld = false

    init(_ limit: Int) {
        self.limit = limit
    }

    func read(context: ChannelHandlerContext) {
        if openCount < limit {
            context.read()
        } else {
            isReadHeld = true
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        openCount += 1
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        let this = NIOLoopBound(self, eventLoop: context.value.eventLoop)
        unwrapInboundIn(data).closeFuture.hop(to: context.value.eventLoop).whenComplete { _ in
            this.value.closed(context: context.value)
        }
        context.value.fireChannelRead(data)
    }

    private func closed(context: ChannelHandlerContext) {
        openCount -= 1
        guard isReadHeld, openCount < limit else { return }
        isReadHeld = false
        context.read()
    }
}
