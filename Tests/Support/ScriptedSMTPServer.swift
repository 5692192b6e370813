import NIOCore
import NIOPosix
import NIOSSL

/// An SMTP server at a port of 127.0.0.1 of its own, which behaves as a test says, and keeps what it was sent.
///
/// Without a script it is a well-behaved server of RFC 5321 that accepts every message. A line ends with CRLF and
/// nothing else, and may be of any length. It ends with its last owner.
package final class ScriptedSMTPServer: Sendable {
    /// The port it listens at.
    package let port: Int

    private let channel: any Channel
    private let ledger: Mutexed<Ledger>

    /// Starts a server; it accepts connections when this returns.
    /// - Parameter port: where it listens, such as one of ``freePort()``; 0 for any that is free.
    /// - Throws: where the port is taken, or the certificate cannot be read.
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

    /// The messages whose end has come, accepted or not, in that order.
    package var messages: [Received] { ledger.value.messages }

    /// All lines that came outside of a message's content, of all connections, in the order of their coming and without
    /// their CRLF.
    package var commands: [String] { ledger.value.commands }

    /// How many connections have been accepted.
    package var connectionCount: Int { ledger.value.connectionCount }

    /// How many connections are open. A client's end of one is not seen after ``Sequel/stall``.
    package var openConnectionCount: Int { ledger.value.open.count }

    /// Ends the listening and all connections, and waits until they have ended. What was received stays.
    package func close() async {
        try? await channel.close()
        for connection in endLedger() {
            connection.close(promise: nil)
            // Not the end of the call: the connection is counted out only after that.
            try? await connection.closeFuture.get()
        }
    }

    /// Lets no further connection in; gives those that are open.
    private func endLedger() -> [any Channel] {
        ledger.update { ledger in
            ledger.isOver = true
            return Array(ledger.open.values)
        }
    }

    /// Counts a connection in until it closes, and gives its number; `nil` where the server has ended.
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
        // A client that never answers the end of TLS must not hold up the end of the connection.
        configuration.shutdownTimeout = .milliseconds(200)
        return try NIOSSLContext(configuration: configuration)
    }

    /// What the connections of one server share.
    struct Ledger {
        var messages: [Received] = []
        var commands: [String] = []
        var connectionCount = 0
        /// How many MAIL commands have come.
        var mailCount = 0
        /// The open connections, by number.
        var open: [Int: any Channel] = [:]
        var isOver = false
    }
}
