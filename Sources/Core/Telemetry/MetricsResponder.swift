import NIOCore
import NIOHTTP1

/// The open connections to a ``MetricsServer``. Above the limit, the one that is longest without a request makes room.
final class MetricsConnections {
    private let limit: Int
    /// In the order of their last requests.
    private var open: [MetricsResponder] = []

    init(limit: Int) {
        self.limit = limit
    }

    /// Adds a connection, or records a request on it.
    func used(_ connection: MetricsResponder) {
        open.removeAll { $0 === connection }
        open.append(connection)
        if open.count > limit { open.removeFirst().close() }
    }

    func remove(_ connection: MetricsResponder) {
        open.removeAll { $0 === connection }
    }
}

/// Answers the requests of one connection. It reads no more while the client does not read the answers.
final class MetricsResponder: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = HTTPServerResponsePart

    private let registry: MetricsRegistry
    private let connections: MetricsConnections
    private var context: ChannelHandlerContext?
    private var head: HTTPRequestHead?
    private var isReadHeld = false

    init(_ registry: MetricsRegistry, among connections: MetricsConnections) {
        self.registry = registry
        self.connections = connections
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        connections.used(self)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        connections.remove(self)
        context.fireChannelInactive()
    }

    func close() {
        context?.close(promise: nil)
    }

    func read(context: ChannelHandlerContext) {
        isReadHeld = !context.channel.isWritable
        if !isReadHeld { context.read() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if isReadHeld { read(context: context) }
        context.fireChannelWritabilityChanged()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head else { return }
            connections.used(self)
            respond(to: head, context)
        }
    }

    private func respond(to request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let isRead = request.method == .GET || request.method == .HEAD
        // Whatever the query is.
        let isMetrics = request.uri.prefix { $0 != "?" } == "/metrics"
        let status: HTTPResponseStatus = !isMetrics ? .notFound : isRead ? .ok : .methodNotAllowed
        let body = status == .ok ? registry.exposition : "\(status.reasonPhrase)\n"
        var fields: HTTPHeaders = [
            "Content-Type": status == .ok ? "text/plain; version=0.0.4; charset=utf-8" : "text/plain; charset=utf-8",
            "Content-Length": "\(body.utf8.count)",
        ]
        if status == .methodNotAllowed { fields.add(name: "Allow", value: "GET, HEAD") }
        if !request.isKeepAlive { fields.add(name: "Connection", value: "close") }
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: fields))), promise: nil)
        if request.method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        if !request.isKeepAlive { context.close(promise: nil) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
