import NIOCore
import NIOPosix
import NIOSSL

/// An SMTP server on a port of 127.0.0.1, whose behaviour a test scripts, and which keeps the received messages.
///
/// Without a script it follows RFC 5321 and accepts every message. Lines end only with CRLF, and may have any length.
/// It stops when its last reference is released.
package final class ScriptedSMTPServer: Sendable {
    /// The port that it listens on.
    package let port: Int

    private let channel: any Channel
    private let ledger: Mutexed<Ledger>

    /// Starts a server, and waits until it accepts connections.
    /// - Parameters:
    ///   - behaviour: the behaviour of the server.
    ///   - port: the port to listen on, such as one of ``freePort()``; 0 for any free port.
    /// - Throws: An error if the port is taken, or the certificate cannot be read.
    package init(_ behaviour: Behaviour = Behaviour(), port: Int = 0) async throws {
        let ledger = Mutexed(Ledger())
        let tls = try ScriptedSMTPServer.tlsContext(behaviour)
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let number = ScriptedSMTPServer.register(channel, in: ledger) else {
                        throw ChannelError.ioOnClosedChannel
                    }
                    let pipeline = channel.pipeline.syncOperations
                    if case .implicit = behaviour.tls, let tls {
                        try pipeline.addHandler(NIOSSLServerHandler(context: tls))
                    }
                    let dialogue = SMTPServerDialogue(behaviour, connection: number, ledger: ledger)
                    try pipeline.addHandler(
                        SMTPServerConnection(dialogue, tls: tls, trickleInterval: behaviour.trickleInterval))
                }
            }
            .bind(host: "127.0.0.1", port: port)
            .get()
        self.ledger = ledger
        self.port = channel.localAddress?.port ?? 0
    }

    deinit {
        channel.close(promise: nil)
        for connection in endLedger() { connection.close(promise: nil) }
    }

    /// The messages that were received completely, accepted or not, in order.
    package var messages: [Received] { ledger.value.messages }

    /// All lines of all connections except messages' content, in order, without their CRLF.
    package var commands: [String] { ledger.value.commands }

    /// The number of accepted connections.
    package var connectionCount: Int { ledger.value.connectionCount }

    /// The number of open connections. After ``AfterReply/stall``, a close by the client is not noticed.
    package var openConnectionCount: Int { ledger.value.open.count }

    /// Stops listening, closes all connections, and waits until they are closed. Received messages are kept.
    package func close() async {
        try? await channel.close()
        for connection in endLedger() {
            connection.close(promise: nil)
            // The call returns too early: the connection is removed from the open ones only after it.
            try? await connection.closeFuture.get()
        }
    }

    /// Refuses further connections, and returns the open ones.
    private func endLedger() -> [any Channel] {
        ledger.update { ledger in
            ledger.isOver = true
            return Array(ledger.open.values)
        }
    }

    /// Registers a connection until it closes, and returns its number; `nil` if the server has stopped.
    private static func register(_ channel: any Channel, in ledger: Mutexed<Ledger>) -> Int? {
        let number = ledger.update { ledger -> Int? in
            guard !ledger.isOver else { return nil }
            ledger.connectionCount += 1
            ledger.open[ledger.connectionCount] = channel
            return ledger.connectionCount
        }
        if let number {
            channel.closeFuture.whenComplete { _ in ledger.update { $0.open[number] = nil } }
        }
        return number
    }

    private static func tlsContext(_ behaviour: Behaviour) throws -> NIOSSLContext? {
        let certificate: ServerCertificate
        switch behaviour.tls {
        case .none: return nil
        case .startTLS(let own), .implicit(let own): certificate = own
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(certificate.certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: certificate.key, format: .pem)))
        if behaviour.isTLSOutdated {
            configuration.minimumTLSVersion = .tlsv1
            configuration.maximumTLSVersion = .tlsv11
        }
        // A client that does not answer TLS's close_notify must not delay the closing of the connection.
        configuration.shutdownTimeout = .milliseconds(200)
        return try NIOSSLContext(configuration: configuration)
    }

    /// The state that the connections of a server share.
    struct Ledger {
        var messages: [Received] = []
        var commands: [String] = []
        var connectionCount = 0
        /// The number of MAIL commands of all connections.
        var mailCount = 0
        /// The open connections, by number.
        var open: [Int: any Channel] = [:]
        var isOver = false
    }
}
