import NIOCore
import NIOHTTP1
import Web

/// The state of an HTTP/1.1 connection, which serves requests one after another, each within its deadline. It performs
/// no I/O: the method for each event returns the action that its caller must take.
///
/// While a request is being answered, or the client does not read its responses, nothing more is decoded
/// (``demand(isWritable:)``): bytes that arrive are held, and reading stops until there are none.
struct HTTPConnection: ~Copyable {
    private enum Phase {
        /// Nothing of the next request has arrived, or, if new, nothing of any request.
        case idle(isNew: Bool)
        /// Part of a request has arrived; the head is `nil` until it is complete.
        case receiving(HTTPRequestHead?, body: [UInt8])
        /// The responder is answering a request.
        case answering(HTTPRequestHead)
        /// The last response was given out to be sent; all further input is discarded.
        case closing
        /// The last response was sent, and the connection waits only for the client to close it.
        case lingering
        /// The connection is closed.
        case closed
    }

    private enum Input {
        case open
        /// The input cannot be parsed. The request before is still answered.
        case malformed
        /// The client has closed its side of the connection. Requests received before are still answered.
        case closed
    }

    private let configuration: HTTPServerConfiguration
    private var phase = Phase.idle(isNew: true)
    private var input = Input.open
    private var deadline: NIODeadline
    private var isReadHeld = false
    /// Whether the connection closes after the current request.
    private var isLastRequest = false
    /// The number of bytes that have arrived and are not decoded yet. The caller keeps it current.
    var heldByteCount = 0
    /// The time at which the last request was answered, or the connection accepted. Connections that are longest
    /// without a request are the first to make room.
    private(set) var lastRequest: NIODeadline

    /// Creates the state of a connection that was just accepted.
    init(_ configuration: HTTPServerConfiguration, at now: NIODeadline) {
        self.configuration = configuration
        deadline = now + configuration.firstByteTimeout
        lastRequest = now
    }

    // MARK: - A request

    /// Records that bytes have arrived, before the decoder reads them.
    mutating func bytesArrived(at now: @autoclosure () -> NIODeadline) {
        guard case .idle = phase else { return }
        beginReceiving(at: now())
    }

    /// The bytes that the decoder may have now.
    /// - Parameter isWritable: whether the client reads its responses.
    func demand(isWritable: Bool) -> HeldInput.Demand {
        guard isWritable else { return .nothing }
        switch phase {
        case .answering: return input == .malformed ? .discard : .nothing
        case .closing, .lingering, .closed: return .discard
        case _ where input == .malformed: return .discard
        case .idle, .receiving(nil, _): return .head
        case .receiving(let head?, let body):
            guard let length = head.contentLength else { return .chunks }
            return .body(byteCount: max(1, length - body.count))
        }
    }

    /// Takes a part of a request from the decoder.
    mutating func received(_ part: HTTPServerRequestPart, at now: @autoclosure () -> NIODeadline) -> Action {
        switch (phase, part) {
        case (.closing, _), (.lingering, _), (.closed, _), (.answering, _):
            return .nothing
        case (.idle, .head(let head)), (.receiving(nil, _), .head(let head)):
            return take(head, at: now)
        case (.receiving(let head?, var body), .body(let bytes)):
            guard body.count + bytes.readableBytes <= Request.maximumBodyByteCount else {
                return refuse(with: .payloadTooLarge, at: now())
            }
            // Releases the array's other reference, so that writing to it does not copy it.
            phase = .idle(isNew: false)
            body.append(contentsOf: bytes.readableBytesView)
            phase = .receiving(head, body: body)
            return .nothing
        case (.receiving(let head?, let body), .end):
            phase = .answering(head)
            deadline = .distantFuture  // The responder has its own deadlines.
            return .respond(head, body: body)
        case (.idle, _), (.receiving, _):
            return refuse(with: .badRequest, at: now())
        }
    }

    /// Ends a connection whose input is over, or ends the hold of reading. The caller calls this when it has decoded
    /// what it may.
    mutating func settle(at now: @autoclosure () -> NIODeadline) -> Action {
        if isOver {
            let action = finishIfIdle(at: now)
            guard case .nothing = action else { return action }
        }
        return resumeReading()
    }

    private mutating func take(_ head: HTTPRequestHead, at now: () -> NIODeadline) -> Action {
        if case .idle = phase { beginReceiving(at: now()) }
        phase = .receiving(head, body: [])
        if let error = head.error { return refuse(with: error, at: now()) }
        // The decoder reads nothing after a request to upgrade.
        if head.asksToUpgrade { isLastRequest = true }
        return head.expectsContinue ? .sendContinue : .nothing
    }

    private mutating func beginReceiving(at now: NIODeadline) {
        phase = .receiving(nil, body: [])
        deadline = now + configuration.requestTimeout
        if isLastRequest { deadline = min(deadline, now + configuration.drainTimeout) }
    }

    /// Records that the responder has answered.
    /// - Parameter isLast: whether the connection must close, because the process is shutting down or others wait.
    mutating func answered(with response: consuming Response, isLast: Bool, at now: NIODeadline) -> Action {
        guard case .answering(let head) = phase else { return .nothing }
        lastRequest = now
        let isBodyOmitted = head.method == .HEAD
        guard !isLastRequest, !isOver, head.isKeepAlive, !isLast else {
            beginClosing(at: now)
            return .send(response, isBodyOmitted: isBodyOmitted, .close)
        }
        phase = .idle(isNew: false)
        deadline = now + configuration.idleTimeout
        return .send(response, isBodyOmitted: isBodyOmitted, head.isHTTP1_0 ? .keepAliveExplicitly : .keepAlive)
    }

    // MARK: - Reading

    /// Records that the channel is about to read. The action is ``Action/read`` now or, if bytes are held, later.
    mutating func readRequested() -> Action {
        guard heldByteCount > 0 else { return .read }
        isReadHeld = true
        return .nothing
    }

    /// Ends the hold of reading if no bytes are held.
    mutating func resumeReading() -> Action {
        guard isReadHeld, heldByteCount == 0 else { return .nothing }
        isReadHeld = false
        return .read
    }

    // MARK: - The end

    /// Records that the client has closed its side of the connection.
    mutating func inputClosed(at now: NIODeadline) -> Action {
        input = .closed
        return isOver ? finishIfIdle(at: { now }) : .nothing
    }

    /// Records that the input cannot be parsed any further.
    mutating func inputFailed(with error: HTTPParserError, at now: NIODeadline) -> Action {
        switch phase {
        case .idle, .receiving:
            return refuse(with: error == .headerOverflow ? .headerFieldsTooLarge : .badRequest, at: now)
        case .answering:
            if input == .open { input = .malformed }
            return .nothing
        case .closing, .lingering, .closed:
            return .nothing
        }
    }

    /// Records that the server shuts down. A request that has begun to arrive is still answered.
    mutating func quiesce(at now: NIODeadline) -> Action {
        isLastRequest = true
        switch phase {
        // A new client probably has a request on its way; an idle connection that was already answered can close.
        case .idle(isNew: true): deadline = min(deadline, now + configuration.firstRequestTimeout)
        // Bytes of a request have arrived, and wait for the client to read.
        case .idle(isNew: false) where heldByteCount > 0: deadline = min(deadline, now + configuration.drainTimeout)
        case .idle(isNew: false): return finish(at: now)
        case .receiving, .answering, .closing, .lingering: deadline = min(deadline, now + configuration.drainTimeout)
        case .closed: return .nothing
        }
        return .setTimer
    }

    /// Whether a request is being answered.
    var isAnswering: Bool { if case .answering = phase { true } else { false } }

    /// Ends a connection that is not being answered, because another needs its place.
    mutating func makeRoom() -> Action {
        switch phase {
        case .idle, .receiving, .closing, .lingering: return close()
        case .answering, .closed: return .nothing
        }
    }

    /// Ends a connection that is not being answered, because connections use too much memory. A request that is
    /// arriving is refused.
    mutating func freeMemory(at now: NIODeadline) -> Action {
        guard case .receiving = phase else { return makeRoom() }
        let action = refuse(with: .serviceUnavailable(retryAfter: .seconds(1)), at: now)
        deadline = now + configuration.lingerTimeout
        return action
    }

    /// Records that all that was sent has left.
    mutating func flushed(at now: NIODeadline) -> Action {
        guard case .closing = phase else { return .nothing }
        guard input != .closed else { return close() }
        // Reads and discards input for a short time. Closing a socket with unread bytes sends a reset, and the client
        // may then lose the response.
        phase = .lingering
        deadline = now + configuration.lingerTimeout
        return .closeOutput
    }

    /// Records that the connection is closed.
    mutating func closed() {
        phase = .closed
    }

    /// Whether the input has ended and everything in it was taken.
    private var isOver: Bool { input == .malformed || input == .closed && heldByteCount == 0 }

    /// Closes the connection unless a request is being answered.
    private mutating func finishIfIdle(at now: () -> NIODeadline) -> Action {
        switch phase {
        case .idle, .receiving: return finish(at: now())
        case .lingering: return close()
        case .answering, .closing, .closed: return .nothing
        }
    }

    /// Refuses a request without reading the rest of it, and closes the connection.
    private mutating func refuse(with error: HTTPError, at now: NIODeadline) -> Action {
        let head: HTTPRequestHead? = if case .receiving(let head, _) = phase { head } else { nil }
        beginClosing(at: now)
        return .refuse(error, head)
    }

    private mutating func finish(at now: NIODeadline) -> Action {
        beginClosing(at: now)
        return .finish
    }

    /// Closes the connection after the last response has been sent, or when the deadline passes.
    private mutating func beginClosing(at now: NIODeadline) {
        phase = .closing
        deadline = now + (isLastRequest ? configuration.drainTimeout : configuration.idleTimeout)
    }

    private mutating func close() -> Action {
        phase = .closed
        return .close
    }

    // MARK: - The deadline

    /// The time at which the timer must fire. It checks then whether the current deadline has passed. A new request
    /// moves the deadline closer without setting the timer, so the timer fires more often than at the deadline.
    func nextCheck(after now: NIODeadline) -> NIODeadline {
        min(deadline, now + .nanoseconds(configuration.requestTimeout.nanoseconds / 4))
    }

    /// Records that the timer has fired.
    mutating func timerFired(at now: NIODeadline) -> Action {
        switch phase {
        case .closed: return .nothing
        case _ where now < deadline: return .setTimer
        case .receiving: return refuse(with: .requestTimeout, at: now)
        // Only a drain sets a deadline. What the responder waits for, such as Redis, may outlast it.
        case .answering(let head):
            phase = .closing
            deadline = now + configuration.lingerTimeout
            return .refuse(.serviceUnavailable(retryAfter: .seconds(1)), head)
        case .idle, .closing, .lingering: return close()
        }
    }
}
