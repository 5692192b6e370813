import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Platform
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
        let (registry, logger) = (registry, logger)
        let connections = NIOLoopBoundBox.makeBoxSendingValue(
            MetricsConnections(limit: MetricsServer.maximumConnectionCount), eventLoop: eventLoop)
        return try await ServerBootstrap(group: eventLoop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause { log($0, to: logger) })
                }
            }
            // Small reads, so that the requests of one read cannot ask for much.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 1024))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(IdleStateHandler(allTimeout: MetricsServer.idleTimeout))
                    try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: true, withErrorHandling: true)
                    try pipeline.addHandler(MetricsResponder(registry, among: connections.value))
                }
            }
            .bind(host: "127.0.0.1", port: port)
            .get()
    }
}

/// Logs that connections cannot be accepted, or can again.
private func log(_ event: AcceptPause.Event, to logger: Logger) {
    switch event {
    case .failed(let reason): logger.warning("accept_failed", metadata: ["reason": "\(reason)"])
    case .resumed: logger.notice("accept_resumed")
    }
}
