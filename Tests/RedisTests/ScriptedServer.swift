import Foundation
import NIOCore
import NIOPosix

/// A server on a free port. It answers each read with a text that the test chooses.
final class ScriptedServer: Sendable {
    let port: Int
    private let channel: any Channel

    /// - Parameter answer: returns the text to answer received text with.
    init(answer: @escaping @Sendable (String) -> String) throws {
        channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answering(answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0)
            .wait()
        port = channel.localAddress?.port ?? 0
    }

    deinit { channel.close(promise: nil) }

    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let answer: @Sendable (String) -> String

        init(_ answer: @escaping @Sendable (String) -> String) {
            self.answer = answer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let text = answer(String(buffer: unwrapInboundIn(data)))
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        }
    }
}
