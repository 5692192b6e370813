import NIOCore
import NIOPosix

/// A server that answers commands as a test decides, or hands them on to a real Redis.
package final class FakeRedis: Sendable {
    /// A command that a client sent.
    package struct Command: Sendable {
        /// The words, decoded as UTF-8.
        package let words: [String]
        /// The number of the client's connection, counted from 1.
        package let connection: Int

        /// The first word, in upper case.
        package var name: String { words[0].uppercased() }
    }

    /// The answer to a command.
    package enum Answer: Sendable {
        /// Bytes, which need not be RESP.
        case bytes([UInt8])
        /// Bytes, and then the end of the connection.
        case close([UInt8])
        /// The answer of the Redis behind this server, which must have one.
        case forward
        /// Nothing at all.
        case silence

        /// A text of the protocol, without its last line end.
        package static func line(_ text: String) -> Answer { .bytes(Array("\(text)\r\n".utf8)) }
    }

    package let port: Int
    private let channel: any Channel
    private let connections = Mutexed(0)

    package var address: String { "redis://127.0.0.1:\(port)" }

    /// The number of connections that were made.
    package var connectionCount: Int { connections.value }

    /// - Parameters:
    ///   - upstream: the Redis for commands that are forwarded.
    ///   - rewrite: changes the reply to a forwarded command.
    ///   - answer: decides about a command. By default, the handshake succeeds.
    package init(
        inFrontOf upstream: RedisServer? = nil,
        rewriting rewrite: @escaping @Sendable (Command, [UInt8]) -> [UInt8] = { _, reply in reply },
        answering answer: @escaping @Sendable (Command) -> Answer = { _ in .forward }
    ) throws {
        let (connections, upstreamPort) = (connections, upstream?.port)
        channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let number = connections.update { count -> Int in
                        count += 1
                        return count
                    }
                    try channel.pipeline.syncOperations.addHandler(
                        FakeConnection(number, upstreamPort, answer, rewrite))
                }
            }
            .bind(host: "127.0.0.1", port: 0)
            .wait()
        port = channel.localAddress?.port ?? 0
    }

    deinit { channel.close(promise: nil) }

    /// The answer to a command of the handshake, `nil` for others.
    package static func handshake(_ command: Command) -> Answer? {
        switch command.name {
        case "AUTH", "CLIENT", "SELECT": .line("+OK")
        case "PING": .line("+PONG")
        case "TIME": .bytes(RESPBytes.time())
        case "SCRIPT": .line("*0")
        default: nil
        }
    }
}

/// A client's connection to a ``FakeRedis``: answers in the order of the commands.
private final class FakeConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// A command whose answer is not written yet.
    private final class Pending {
        let command: FakeRedis.Command
        /// `nil` while it is awaited from upstream.
        var answer: FakeRedis.Answer?

        init(_ command: FakeRedis.Command, _ answer: FakeRedis.Answer?) {
            self.command = command
            self.answer = answer
        }
    }

    private let number: Int
    private let upstreamPort: Int?
    private let answer: @Sendable (FakeRedis.Command) -> FakeRedis.Answer
    private let rewrite: @Sendable (FakeRedis.Command, [UInt8]) -> [UInt8]
    private var context: ChannelHandlerContext?
    private var input: [UInt8] = []
    private var upstreamInput: [UInt8] = []
    private var upstream: (any Channel)?
    private var unsent = ByteBuffer()
    private var pending: [Pending] = []

    init(
        _ number: Int, _ upstreamPort: Int?, _ answer: @escaping @Sendable (FakeRedis.Command) -> FakeRedis.Answer,
        _ rewrite: @escaping @Sendable (FakeRedis.Command, [UInt8]) -> [UInt8]
    ) {
        self.number = number
        self.upstreamPort = upstreamPort
        self.answer = answer
        self.rewrite = rewrite
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        guard let upstreamPort else { return }
        let box = NIOLoopBound(self, eventLoop: context.eventLoop)
        ClientBootstrap(group: context.eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Upstream(box.value))
                }
            }
            .connect(host: "127.0.0.1", port: upstreamPort)
            .assumeIsolated().whenComplete { result in
                guard case .success(let channel) = result else { return self.end() }
                self.upstream = channel
                channel.writeAndFlush(self.unsent, promise: nil)
            }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        input += Array(buffer: unwrapInboundIn(data))
        while let length = RESPBytes.length(of: input) {
            let bytes = Array(input.prefix(length))
            input.removeFirst(length)
            let words = RESPBytes.strings(in: bytes)
            guard !words.isEmpty else { return end() }
            let command = FakeRedis.Command(words: words, connection: number)
            let answer = answer(command)
            if case .forward = answer {
                pending.append(Pending(command, nil))
                if let upstream {
                    upstream.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
                } else {
                    unsent.writeBytes(bytes)
                }
            } else {
                pending.append(Pending(command, answer))
            }
        }
        flush()
    }

    func channelInactive(context: ChannelHandlerContext) {
        upstream?.close(promise: nil)
        self.context = nil
    }

    /// Takes what the upstream sent.
    func received(_ bytes: [UInt8]) {
        upstreamInput += bytes
        while let length = RESPBytes.length(of: upstreamInput) {
            let reply = Array(upstreamInput.prefix(length))
            upstreamInput.removeFirst(length)
            guard let next = pending.first(where: { $0.answer == nil }) else { return end() }
            next.answer = .bytes(rewrite(next.command, reply))
        }
        flush()
    }

    func end() { context?.close(promise: nil) }

    private func flush() {
        var output = ByteBuffer()
        var closes = false
        while !closes, let answer = pending.first?.answer {
            pending.removeFirst()
            switch answer {
            case .bytes(let bytes): output.writeBytes(bytes)
            case .close(let bytes):
                output.writeBytes(bytes)
                closes = true
            case .silence, .forward: break
            }
        }
        guard let context else { return }
        if output.readableBytes > 0 { context.writeAndFlush(wrapOutboundOut(output), promise: nil) }
        if closes { context.close(promise: nil) }
    }
}

/// The other side of a ``FakeConnection``: its connection to a real Redis.
private final class Upstream: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let connection: FakeConnection

    init(_ connection: FakeConnection) {
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection.received(Array(buffer: unwrapInboundIn(data)))
    }

    func channelInactive(context: ChannelHandlerContext) { connection.end() }
}
