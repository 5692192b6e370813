import Logging
import NIOCore
import NIOExtras
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import Web

/// Serves HTTP/1.1 until it is told to end.
package struct HTTPServer: Service {
    private let configuration: HTTPServerConfiguration
    private let group: any EventLoopGroup
    private let responders: [LoopResponder]
    private let readiness: Readiness
    private let logger: Logger
    private let onListening: @Sendable (Int) -> Void

    /// The address cannot be listened at.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// - Parameters:
    ///   - group: what connections are accepted and served on.
    ///   - responders: one for each of the group's event loops.
    ///   - onListening: called with the port once connections are accepted.
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
    /// Shutdown turns readiness off, and for a moment goes on accepting; then it listens no more, lets requests in
    /// flight be answered, closes their connections, and returns. Cancellation does the same without that moment.
    /// - Throws: ``Failure`` where the address cannot be listened at.
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
        // Cancellation ends both waits: whoever cancels does not want to be waited for.
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
            // One at a time, so that the limit on connections is kept to the letter.
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
                    // The group gives out the loops' own event loops and no others.
                    let index = responders.firstIndex { $0.eventLoop === channel.eventLoop }!
                    let connection = HTTPConnection(
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
