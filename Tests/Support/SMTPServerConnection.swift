import Foundation
import NIOCore
import NIOSSL

/// One connection of a ``ScriptedSMTPServer``. It splits input into lines, and performs the dialogue's actions for
/// them.
final class SMTPServerConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private typealias Action = ScriptedSMTPServer.Action
    private typealias AfterReply = ScriptedSMTPServer.AfterReply

    private enum Phase {
        /// Lines are handled as they arrive.
        case listening
        /// A delayed or trickling reply is being sent, and lines wait.
        case speaking
        /// All input is discarded.
        case deaf
    }

    private var dialogue: SMTPServerDialogue
    private let tls: NIOSSLContext?
    private let trickleInterval: TimeAmount
    private var lines = Lines()
    private var phase = Phase.listening

    init(_ dialogue: SMTPServerDialogue, tls: NIOSSLContext?, trickleInterval: Duration) {
        self.dialogue = dialogue
        self.tls = tls
        self.trickleInterval = TimeAmount(trickleInterval)
    }

    func channelActive(context: ChannelHandlerContext) {
        perform(dialogue.connect(), context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase != .deaf else { return }
        lines.append(unwrapInboundIn(data))
        takeLines(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        phase = .deaf
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func takeLines(_ context: ChannelHandlerContext) {
        while phase == .listening, let line = lines.next() {
            if let action = dialogue.take(line) { perform(action, context) }
        }
    }

    private func perform(_ action: Action, _ context: ChannelHandlerContext) {
        switch action {
        case .reply(let text, let after):
            send(text.asLines, then: after, context)
        case .bytes(let bytes, let after):
            send(bytes, then: after, context)
        case .delayedReply(let text, let delay, let after):
            phase = .speaking
            context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) {
                self.sendLast(text.asLines, then: after, context)
            }
        case .trickle(let text, let after):
            phase = .speaking
            trickle(text.asLines[...], then: after, context)
        case .flood(let text):
            phase = .deaf
            let lines = text.asLines
            let count = max(1, 16384 / max(1, lines.count))
            flood(ByteBuffer(bytes: Array(repeating: lines, count: count).joined()), context)
        case .startTLS(let injected):
            startTLS(injected, context)
        }
    }

    private func send(_ bytes: [UInt8], then after: AfterReply, _ context: ChannelHandlerContext) {
        guard after != .proceed else { return write(bytes[...], context) }
        phase = .deaf
        // Closing would discard unsent bytes.
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes))).assumeIsolated().whenComplete { _ in
            self.end(by: after, context)
        }
    }

    private func write(_ bytes: ArraySlice<UInt8>, _ context: ChannelHandlerContext) {
        guard !bytes.isEmpty else { return }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }

    private func end(by after: AfterReply, _ context: ChannelHandlerContext) {
        switch after {
        case .proceed, .silence: break
        case .close: context.close(promise: nil)
        case .reset: reset(context)
        case .stall: try? context.channel.syncOptions?.setOption(.autoRead, value: false)
        }
    }

    /// Closes the connection below TLS with a linger time of zero, so that the system sends a reset.
    private func reset(_ context: ChannelHandlerContext) {
        let socket = context.channel as? any SocketOptionProvider
        _ = socket?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        let outermost = try? context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)
        (outermost ?? context).close(promise: nil)
    }

    private func trickle(_ bytes: ArraySlice<UInt8>, then after: AfterReply, _ context: ChannelHandlerContext) {
        guard bytes.count > 1 else { return sendLast(Array(bytes), then: after, context) }
        write(bytes.prefix(1), context)
        context.eventLoop.assumeIsolated().scheduleTask(in: trickleInterval) {
            guard self.phase == .speaking else { return }
            self.trickle(bytes.dropFirst(), then: after, context)
        }
    }

    /// Sends the rest of a delayed or trickling reply, and handles the lines that have arrived meanwhile.
    private func sendLast(_ bytes: [UInt8], then after: AfterReply, _ context: ChannelHandlerContext) {
        // The connection may have closed meanwhile.
        guard phase == .speaking else { return }
        phase = .listening
        send(bytes, then: after, context)
        takeLines(context)
    }

    private func flood(_ lines: ByteBuffer, _ context: ChannelHandlerContext) {
        // The next lines are written only after these are sent, so that unread bytes do not pile up here.
        context.writeAndFlush(wrapOutboundOut(lines)).assumeIsolated().whenSuccess {
            // Scheduled, because a write that completes at once would recurse without end.
            context.eventLoop.assumeIsolated().execute { self.flood(lines, context) }
        }
    }

    private func startTLS(_ injected: String, _ context: ChannelHandlerContext) {
        guard let tls else { return }
        write(("220 2.0.0 Go ahead\n" + injected).asLines[...], context)
        // Plaintext that arrived after the command is not part of the encrypted dialogue (RFC 3207 §4.2).
        lines = Lines()
        do {
            try context.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls), position: .first)
        } catch {
            context.close(promise: nil)
        }
    }
}

/// A buffer of bytes that are read as lines. Each line ends with CRLF; a single CR or LF is part of its line.
private struct Lines {
    private var bytes = ByteBuffer()
    /// The number of bytes at the start that are known to contain no CRLF.
    private var scannedCount = 0

    mutating func append(_ more: ByteBuffer) {
        bytes.discardReadBytes()
        bytes.writeImmutableBuffer(more)
    }

    /// Removes and returns the next line, without its CRLF; `nil` if it is not complete.
    mutating func next() -> [UInt8]? {
        let view = bytes.readableBytesView
        var index = view.startIndex + scannedCount
        while let end = view[index...].firstIndex(of: 0x0A) {
            if end > view.startIndex, view[end - 1] == 0x0D {
                scannedCount = 0
                let line = bytes.readBytes(length: end - 1 - view.startIndex)
                bytes.moveReaderIndex(forwardBy: 2)
                return line
            }
            index = end + 1
        }
        scannedCount = view.count
        return nil
    }
}

extension String {
    /// The text with CRLF at the end of every line; empty if the text is empty.
    fileprivate var asLines: [UInt8] {
        var bytes: [UInt8] = []
        for byte in utf8 {
            if byte == 0x0A, bytes.last != 0x0D { bytes.append(0x0D) }
            bytes.append(byte)
        }
        if let last = bytes.last, last != 0x0A { bytes += [0x0D, 0x0A] }
        return bytes
    }
}
