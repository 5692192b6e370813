import NIOCore
import NIOPosix
import NIOSSL
import Platform

/// Makes connections that are ready for commands: connected, encrypted, authenticated, named, with the database
/// selected and missing scripts loaded.
struct RedisConnector {
    private let configuration: RedisConfiguration
    private let eventLoop: any EventLoop
    private let tlsContext: NIOSSLContext?

    init(configuration: RedisConfiguration, eventLoop: any EventLoop) throws {
        self.configuration = configuration
        self.eventLoop = eventLoop
        tlsContext = try configuration.url.isTLS ? RedisConnector.tlsContext(configuration) : nil
    }

    private static func tlsContext(_ configuration: RedisConfiguration) throws -> NIOSSLContext {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let file = configuration.certificateAuthorities { tls.trustRoots = .file(file) }
        return try NIOSSLContext(configuration: tls)
    }

    /// Makes a connection. Connecting and the handshake have the configured timeout each.
    /// - Parameter complete: called once, on the event loop, with the connection or
    ///   ``RedisError/unavailable(reason:)``.
    func connect(_ complete: @escaping (Result<RedisConnection, RedisError>) -> Void) {
        let tls = tlsContext
        let serverName = configuration.url.serverName
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(configuration.timeout)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: serverName))
                    }
                    try channel.pipeline.syncOperations.addHandler(RedisConnection(eventLoop: channel.eventLoop))
                }
            }
        connect(bootstrap).assumeIsolated().whenComplete { result in
            switch result.flatMap({ channel in
                Result { try channel.pipeline.syncOperations.handler(type: RedisConnection.self) }
            }) {
            case .success(let connection): handshake(on: connection, complete)
            case .failure(let error): complete(.failure(.unavailable(reason: reason(for: error))))
            }
        }
    }

    private func connect(_ bootstrap: ClientBootstrap) -> EventLoopFuture<any Channel> {
        switch configuration.url.address {
        case .socket(let path):
            return bootstrap.connect(unixDomainSocketPath: path)
        case .host(let host, let port):
            // A numeric address needs no resolver, which would start threads.
            if let address = try? SocketAddress(ipAddress: host, port: port) { return bootstrap.connect(to: address) }
            return bootstrap.connect(host: host, port: port)
        }
    }

    private func reason(for error: any Error) -> String {
        let address = "\(configuration.url)"
        return switch error {
        case let error as NIOConnectionError:
            "\(address): \(error.connectionErrors.first.map { String(describing: $0.error) } ?? "no address found")"
        case ChannelError.connectTimeout:
            "\(address): no connection within \(configuration.timeout.nanoseconds / 1_000_000) ms"
        default:
            "\(address): \(error)"
        }
    }

    /// Sends all commands of the handshake in one write, and waits for the last reply. Missing scripts are then loaded
    /// before any other command, without waiting for the replies.
    private func handshake(
        on connection: RedisConnection, _ complete: @escaping (Result<RedisConnection, RedisError>) -> Void
    ) {
        var refusal: String?
        var missing: [ScriptSource] = []
        connection.onEnd = { end, calls in
            let reason =
                switch end {
                case .timeout: "connected, but got no answer in time"
                case .lost(let error): refusal ?? String(describing: error)
                }
            for call in calls { call.complete(.failure(.unavailable(reason: reason))) }
            complete(.failure(.unavailable(reason: reason)))
        }
        let deadline = NIODeadline.now() + configuration.timeout
        let commands = configuration.handshake
        for (index, step) in commands.enumerated() {
            connection.send(
                Call(command: step.command, deadline: deadline, mayRetry: false) { result in
                    switch (step.kind, result) {
                    case (.required, .success(.error(let message))):
                        refusal = refusal ?? ErrorReply(message).explanation
                    case (.scripts, .success(.array(let known))):
                        missing = zip(configuration.scripts, known).filter { $1 == .integer(0) }.map { $0.0 }
                    case (.clock, .success(let reply)):
                        connection.clockDifference = ClockDifference(reply, at: .now())
                    default: break
                    }
                    guard index == commands.count - 1, case .success = result else { return }
                    guard refusal == nil else { return connection.close() }
                    connection.onEnd = nil
                    for script in missing {
                        connection.send(Call(command: script.load, deadline: deadline, mayRetry: false) { _ in })
                    }
                    complete(.success(connection))
                })
        }
    }
}
