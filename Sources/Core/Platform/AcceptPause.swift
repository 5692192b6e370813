import NIOCore

/// Pauses accepting while the process or the system has no free descriptor or memory for another connection. Without
/// it, the listening socket stays ready, and the event loop would try again without pause. The first handler of a
/// listening channel.
package final class AcceptPause: ChannelInboundHandler {
    package typealias InboundIn = any Channel
    package typealias InboundOut = any Channel

    /// The change that is reported.
    package enum Event: Sendable {
        /// A connection cannot be accepted. Reported once, until one is.
        case failed(reason: String)
        /// Connections are accepted again.
        case resumed
    }

    /// The time until the next attempt.
    private static let pause = TimeAmount.milliseconds(200)
    private static let recoverableErrors = [EMFILE, ENFILE, ENOBUFS, ENOMEM]

    private let report: (Event) -> Void
    private var isPaused = false
    private var hasFailed = false

    /// - Parameter report: called on the channel's event loop.
    package init(_ report: @escaping (Event) -> Void) {
        self.report = report
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError, AcceptPause.recoverableErrors.contains(error.errnoCode) else {
            return context.fireErrorCaught(error)
        }
        if !hasFailed {
            hasFailed = true
            report(.failed(reason: String(cString: strerror(error.errnoCode))))
        }
        guard !isPaused else { return }
        isPaused = true
        let channel = context.channel
        // Cannot fail while the channel is open, and does not matter once it is closed.
        try? channel.syncOptions?.setOption(.autoRead, value: false)
        channel.eventLoop.assumeIsolated().scheduleTask(in: AcceptPause.pause) {
            self.isPaused = false
            try? channel.syncOptions?.setOption(.autoRead, value: true)
        }
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if hasFailed {
            hasFailed = false
            report(.resumed)
        }
        context.fireChannelRead(data)
    }
}
