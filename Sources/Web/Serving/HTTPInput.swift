import NIOCore

/// The first handler of a connection. It holds what arrives for the ``HTTPConnectionHandler``, which gives it to the
/// decoder piece by piece.
final class HTTPInput: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: HTTPConnectionHandler
    private var context: ChannelHandlerContext?
    /// Whether the client has closed its side, which the decoder must not learn before it has all bytes.
    private var isEndHeld = false

    private(set) var held = HeldInput()

    init(_ connection: HTTPConnectionHandler) {
        self.connection = connection
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        connection.input = self
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        held.append(unwrapInboundIn(data))
        connection.decodeHeld()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .inputClosed? = event as? ChannelEvent else { return context.fireUserInboundEventTriggered(event) }
        isEndHeld = true
        forwardEnd()
    }

    func channelInactive(context: ChannelHandlerContext) {
        held.removeAll()
        self.context = nil
        connection.input = nil
        context.fireChannelInactive()
    }

    /// Takes the bytes that the decoder may have.
    func next(_ demand: HeldInput.Demand) -> ByteBuffer? { held.next(demand) }

    /// Gives bytes to the decoder and, if they are the last, also the end of the input.
    func decode(_ bytes: ByteBuffer) {
        context?.fireChannelRead(wrapInboundOut(bytes))
        forwardEnd()
    }

    /// Tells the decoder and the connection that the input has ended, once no bytes are held.
    func forwardEnd() {
        guard isEndHeld, held.byteCount == 0 else { return }
        isEndHeld = false
        context?.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    }
}
