import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle

/// Serves `GET /metrics` on a port of the loopback interface, for a collector on the same machine or in the same pod.
package struct MetricsServer: Service {
    private static let maximumConnectionCount = 16
    private static let idleTimeout = TimeAmount.seconds(60)

    /// An error from binding the port.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private let port: Int
    private let registry: MetricsRegistry
    private let eventLoop: any EventLoop
    private let logger: Logger

    /// - Parameters:
    ///   - port: a port of the loopback interface; 0 selects a free one.
    ///   - registry: the metrics to serve.
    ///   - eventLoop: the event loop of all connections.
    ///   - logger: logs the port once the server listens.
    package init(port: Int, registry: MetricsRegistry, eventLoop: any EventLoop, logger: Logger) {
        self.port = port
        self.registry = registry
        self.eventLoop = eventLoop
        self.logger = logger
    }

    /// Serves until graceful shutdown or cancellation.
    /// - Throws: ``Failure`` if the port cannot be bound.
    package func run() async throws {
        let channel: any Channel
        do {
            channel = try await listen()
        } catch {
            throw Failure(description: "cannot serve metrics on 127.0.0.1:\(port): \(error)")
        }
        logger.info("metrics", metadata: ["port": "\(channel.localAddress?.port ?? port)"])
        try? await gracefulShutdown()
        try await channel.close()
    }

    private func listen() async throws -> any Channel {
        let registry = registry
        let connections = NIOLoopBoundBox.makeBoxSendingValue(0, eventLoop: eventLoop)
        return try await ServerBootstrap(group: eventLoop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard connections.value < MetricsServer.maximumConnectionCount else { throw ChannelError.eof }
                    connections.value += 1
                    channel.closeFuture.assumeIsolated().whenComplete { _ in connections.value -= 1 }
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(IdleStateHandler(allTimeout: MetricsServer.idleTimeout))
                    try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: true, withErrorHandling: true)
                    try pipeline.addHandler(MetricsResponder(registry))
                }
            }
            .bind(host: "127.0.0.1", port: port)
            .get()
    }
}

/// Answers the requests of one connection.
private final class MetricsResponder: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let registry: MetricsRegistry
    private var head: HTTPRequestHead?

    init(_ registry: MetricsRegistry) {
        self.registry = registry
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head else { return }
            respond(to: head, context)
        }
    }

    private func respond(to request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let isRead = request.method == .GET || request.method == .HEAD
        let status: HTTPResponseStatus =
            request.uri != "/metrics" ? .notFound : isRead ? .ok : .methodNotAllowed
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
