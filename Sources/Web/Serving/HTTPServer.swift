import Logging
import NIOCore
import NIOExtras
import NIOHTTP1
import NIOPosix
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
        let writers = responders.map { NIOLoopBoundBox.makeBoxSendingValue(ResponseWriter(), eventLoop: $0.eventLoop) }
        let (responders, configuration, readiness) = (responders, configuration, readiness)
        return try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // One connection per read, so that the limit on connections is exact.
            .serverChannelOption(.maxMessagesPerRead, value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(ConnectionLimit(configuration.maximumConnectionCount))
                    try pipeline.addHandler(quiescing.makeServerChannelHandler(channel: channel))
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // Cannot fail: the group has only the responders' event loops.
                    let index = responders.firstIndex { $0.eventLoop === channel.eventLoop }!
                    let connection = HTTPConnectionHandler(
                        responder: responders[index], configuration: configuration, readiness: readiness,
                        writer: writers[index].value)
                    var limits = NIOHTTPDecoderLimitConfiguration()
                    limits.maxHeaderFieldSize = configuration.maximumHeaderByteCount
                    limits.maxHeaderListSize = configuration.maximumHeaderByteCount
                    let decoder = HTTPRequestDecoder(limitConfiguration: limits)
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(ArrivalObserver(connection))
                    try pipeline.addHandler(ByteToMessageHandler(decoder))
                    try pipeline.addHandler(connection)
                }
            }
            .listen(as: configuration)
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
