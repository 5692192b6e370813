import NIOCore

/// Stops accepting connections while the maximum number is open; further clients wait in the listener's backlog. The
/// first handler of the listening channel.
final class ConnectionLimit: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never

    /// The maximum number of connections that are accepted in one turn of the event loop.
    private static let maximumBatchCount = 16

    private let census: ConnectionCensus
    private var isReadHeld = false
    private var batchCount = 1

    init(_ census: ConnectionCensus) {
        self.census = census
    }

    func read(context: ChannelHandlerContext) {
        let freeCount = census.freeCount
        guard freeCount > 0 else {
            isReadHeld = true
            return
        }
        let wanted = min(freeCount, ConnectionLimit.maximumBatchCount)
        if wanted != batchCount {
            batchCount = wanted
            // Cannot fail: a listening channel has this option.
            try? context.channel.syncOptions?.setOption(.maxMessagesPerRead, value: UInt(wanted))
        }
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        census.adjust(by: 1)
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        let this = NIOLoopBound(self, eventLoop: context.value.eventLoop)
        unwrapInboundIn(data).closeFuture.hop(to: context.value.eventLoop).whenComplete { _ in
            this.value.closed(context: context.value)
        }
        context.value.fireChannelRead(data)
    }

    private func closed(context: ChannelHandlerContext) {
        census.adjust(by: -1)
        guard isReadHeld, !census.isFull else { return }
        isReadHeld = false
        // By the channel, so that this handler sets the number of connections for the next turn.
        context.channel.read()
    }
}
