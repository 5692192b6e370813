import Logging
import NIOCore
import NIOExtras
import NIOHTTP1
import NIOPosix
import Platform
import ServiceLifecycle
import Web

/// An HTTP/1.1 server, which runs until graceful shutdown or cancellation.
package struct HTTPServer: Service {
    private let configuration: HTTPServerConfiguration
    private let group: any EventLoopGroup
    private let responders: [LoopResponder]
    private let readiness: Readiness
    private let logger: Logger
    private let onListening: @Sendable (Int) -> Void

    /// The server cannot listen on its address or socket.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// - Parameters:
    ///   - group: the event loops that accept and serve connections.
    ///   - responders: one responder for each event loop of the group.
    ///   - onListening: called with the port as soon as the server accepts connections.
    package init(
        configuration: HTTPServerConfiguration, group: any EventLoopGroup, responders: [LoopResponder],
        readiness: Readiness,
        logger: Logger,
        onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.group = group
        self.responders = responders
        self.readiness = readiness
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until graceful shutdown or cancellation.
    ///
    /// Shutdown turns readiness off, and keeps accepting for `drainDelay`. Then it stops listening, finishes the
    /// requests in flight, closes their connections, and returns. Cancellation does the same without the delay.
    /// - Throws: ``Failure`` if the server cannot listen on its address or socket.
    package func run() async throws {
        let quiescing = ServerQuiescingHelper(group: group)
        let channel: any Channel
        do {
            channel = try await listen(quiescing)
        } catch {
            let place =
                configuration.listeningSocket.map { "descriptor \($0) (from LISTEN_FDS)" }
                ?? "\(configuration.host):\(configuration.port)"
            throw Failure(description: "cannot listen on \(place): \(error)")
        }
        let port = channel.localAddress?.port ?? configuration.port
        let host = channel.localAddress?.ipAddress ?? configuration.host
        logger.notice("listening", metadata: ["host": "\(host)", "port": "\(port)"])
        onListening(port)
        // Cancellation ends both waits at once.
        try? await gracefulShutdown()
        readiness.beginDrain()
        logger.notice("draining")
        try? await Task.sleep(for: .nanoseconds(configuration.drainDelay.nanoseconds))
        let isQuiet = channel.eventLoop.makePromise(of: Void.self)
        quiescing.initiateShutdown(promise: isQuiet)
        try await isQuiet.futureResult.get()
        logger.notice("stopped")
    }

    private func listen(_ quiescing: ServerQuiescingHelper) async throws -> any Channel {
        let census = ConnectionCensus(
            limit: configuration.maximumConnectionCount, limitByNetwork: configuration.maximumConnectionsPerNetwork,
            proxies: configuration.trustedProxies)
        let (configuration, logger) = (configuration, logger)
        let makeConnection = connectionFactory(census)
        return try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // Accepted sockets inherit these. They bound what the kernel keeps for a client that sends without pause,
            // or does not read.
            .serverChannelOption(.socketOption(.so_rcvbuf), value: HTTPServer.socketBufferByteCount)
            .serverChannelOption(.socketOption(.so_sndbuf), value: HTTPServer.socketBufferByteCount)
            // Until the limit on connections sets it.
            .serverChannelOption(.maxMessagesPerRead, value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(AcceptPause { log($0, to: logger) })
                    try pipeline.addHandler(ConnectionLimit(census))
                    try pipeline.addHandler(quiescing.makeServerChannelHandler(channel: channel))
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            // One read for each connection and turn of the event loop.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: HTTPServer.readByteCount)
            )
            // No request is decoded while the client has not read the response to the one before.
            .childChannelOption(
                .writeBufferWaterMark, value: ChannelOptions.Types.WriteBufferWaterMark(low: 1, high: 4096)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try makeConnection(channel) }
            }
            .listen(as: configuration)
    }

    /// The number of bytes that are read from a socket at once.
    private static let readByteCount = 4096
    /// The size of a socket's buffers, which Linux doubles for its own records.
    private static let socketBufferByteCount: SocketOptionValue = 64 * 1024

    /// Returns a function that adds the handlers of a connection to its channel.
    private func connectionFactory(_ census: ConnectionCensus) -> @Sendable (any Channel) throws -> Void {
        let (responders, configuration, readiness) = (responders, configuration, readiness)
        let connections = responders.map { responder in
            NIOLoopBoundBox.makeBoxSendingValue(
                LoopConnections(
                    on: responder.eventLoop, census: census,
                    maximumByteCount: configuration.maximumMemoryByteCount / responders.count),
                eventLoop: responder.eventLoop)
        }
        return { channel in
            // Cannot fail: the group has only the responders' event loops.
            let index = responders.firstIndex { $0.eventLoop === channel.eventLoop }!
            let connection = HTTPConnectionHandler(
                responder: responders[index], configuration: configuration, readiness: readiness,
                connections: connections[index].value)
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = configuration.maximumHeaderByteCount
            limits.maxHeaderListSize = configuration.maximumHeaderByteCount
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(HTTPInput(connection))
            try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: limits)))
            try pipeline.addHandler(connection)
        }
    }
}

extension ServerBootstrap {
    fileprivate func listen(as configuration: HTTPServerConfiguration) async throws -> any Channel {
        guard let descriptor = configuration.listeningSocket else {
            return try await bind(host: configuration.host, port: configuration.port).get()
        }
        return try await withBoundSocket(NIOBSDSocket.Handle(descriptor)).get()
    }
}

/// Logs that connections cannot be accepted, or can again.
private func log(_ event: AcceptPause.Event, to logger: Logger) {
    switch event {
    case .failed(let reason): logger.warning("accept_failed", metadata: ["reason": "\(reason)"])
    case .resumed: logger.notice("accept_resumed")
    }
}
