import NIOCore
import NIOHTTP1
import NIOPosix

/// The last handler of a connection to the Runtime API. It sends one request at a time, and must be used on its event
/// loop.
final class RuntimeAPIConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: [UInt8]
    }

    typealias Completion = (Result<Answer, RuntimeAPIError>) -> Void

    private var context: ChannelHandlerContext?
    private var completion: Completion?
    private var head: HTTPResponseHead?
    private var body = ByteBuffer()
    private var timer: Scheduled<Void>?

    /// The maximum size of an invocation. AWS allows events of 6 MB, which may be larger when escaped in JSON.
    private static let maximumBodyByteCount = 16 * 1024 * 1024

    static func connect(to address: RuntimeAPIAddress, on eventLoop: any EventLoop) async throws -> any Channel {
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(.seconds(5))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandlers(
                        HTTPRequestEncoder(), ByteToMessageHandler(HTTPResponseDecoder()), RuntimeAPIConnection())
                }
            }
        // An IP address needs no thread to resolve it.
        if let address = try? SocketAddress(ipAddress: address.host, port: address.port) {
            return try await bootstrap.connect(to: address).get()
        }
        return try await bootstrap.connect(host: address.host, port: address.port).get()
    }

    var isActive: Bool { context?.channel.isActive ?? false }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    /// Sends a request. No other may be in progress.
    /// - Parameters:
    ///   - timeout: the longest time for the whole exchange; `nil` for no limit.
    ///   - complete: called once, with the answer or the error.
    func send(_ head: HTTPRequestHead, _ body: [UInt8], within timeout: TimeAmount?, _ complete: @escaping Completion) {
        guard let context, context.channel.isActive else {
            return complete(.failure(.connectionEnded(reason: "before the request")))
        }
        completion = complete
        self.head = nil
        self.body.clear()
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !body.isEmpty { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        guard let timeout else { return }
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) { self.fail("no answer in time") }
    }

    /// Closes the connection if a request is in progress, which then fails.
    func abandon() {
        if completion != nil { fail("the request was cancelled") }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
        case .body(var bytes):
            guard body.readableBytes + bytes.readableBytes <= RuntimeAPIConnection.maximumBodyByteCount else {
                return fail("an invocation larger than \(RuntimeAPIConnection.maximumBodyByteCount) bytes")
            }
            body.writeBuffer(&bytes)
        case .end:
            guard let head else { return fail("a response without a head") }
            complete(
                .success(
                    Answer(
                        status: Int(head.status.code), headers: head.headers, body: Array(body.readableBytesView))))
            if !head.isKeepAlive { context.close(promise: nil) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        complete(.failure(.connectionEnded(reason: "before the answer")))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(String(describing: error))
    }

    private func fail(_ reason: String) {
        complete(.failure(.connectionEnded(reason: reason)))
        context?.close(promise: nil)
    }

    private func complete(_ result: Result<Answer, RuntimeAPIError>) {
        timer?.cancel()
        timer = nil
        guard let completion else { return }
        self.completion = nil
        completion(result)
    }
}
