import NIOCore
import NIOHTTP1
import Web

/// The state of an HTTP/1.1 connection, which serves requests one after another, each within its deadline. It performs
/// no I/O: the method for each event returns the action that its caller must take.
///
/// Parts of a request wait here while an earlier request is being answered, or while the client does not read its
/// responses. When too many parts wait, reading stops.
struct HTTPConnection: ~Copyable {
    /// The action that the caller must take.
    enum Action {
        /// Do nothing.
        case nothing
        /// Read from the socket.
        case read
        /// Send `100 Continue`.
        case sendContinue
        /// Have this request answered, then call ``answered(with:isDraining:at:)``. That may happen at once.
        case respond(HTTPRequestHead, body: ByteBuffer)
        /// Send the response. If it closes the connection, continue as for ``finish``; otherwise take further parts.
        case send(Response, isBodyOmitted: Bool, ResponseWriter.Connection)
        /// Send the response to the error, which closes the connection, and continue as for ``finish``. The head is
        /// that of the refused request; `nil` if it is incomplete.
        case refuse(HTTPError, HTTPRequestHead?)
        /// Set the timer, call ``flushed(at:)`` when all that was sent has left, and call ``resumeReading()``.
        case finish
        /// Set the timer, and close the sending side only.
        case closeOutput
        /// Close the connection.
        case close
        /// Set the timer.
        case setTimer
    }

    private enum Phase {
        /// Nothing of the next request has arrived, or, if new, nothing of any request.
        case idle(isNew: Bool)
        /// Part of a request has arrived; the head is `nil` until it is complete.
        case receiving(HTTPRequestHead?, body: ByteBuffer)
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
        /// The input cannot be parsed. Requests received before are still answered.
        case malformed
        /// The client has closed its side of the connection. Requests received before are still answered.
        case closed
    }

    /// The number of waiting parts at which reading stops. One read of the socket can exceed it.
    static let maximumWaitingPartCount = 8

    private let configuration: HTTPServerConfiguration
    private var phase = Phase.idle(isNew: true)
    private var input = Input.open
    private var waitingParts = CircularBuffer<HTTPServerRequestPart>()
    private var deadline: NIODeadline
    private var isReadHeld = false
    /// Whether the connection closes after the current request.
    private var isLastRequest = false

    /// Creates the state of a connection that was just accepted.
    init(_ configuration: HTTPServerConfiguration, at now: NIODeadline) {
        self.configuration = configuration
        deadline = now + configuration.idleTimeout
    }

    // MARK: - A request

    /// Records that bytes have arrived, before the decoder reads them.
    mutating func bytesArrived(at now: @autoclosure () -> NIODeadline) {
        guard case .idle = phase else { return }
        beginReceiving(at: now())
    }

    /// Adds a part to those that wait. The caller then takes them.
    mutating func received(_ part: HTTPServerRequestPart) {
        waitingParts.append(part)
    }

    /// Takes waiting parts up to the first that needs an action, unless a request is being answered or the client does
    /// not read its responses. The caller repeats this until the action is ``Action/nothing``.
    /// - Parameters:
    ///   - isWritable: whether the client reads its responses.
    ///   - now: the current time, which most parts do not need.
    mutating func takeParts(isWritable: Bool, at now: @autoclosure () -> NIODeadline) -> Action {
        while isWritable, !waitingParts.isEmpty {
            if case .answering = phase { break }
            let action = take(waitingParts.removeFirst(), at: now)
            if case .nothing = action { continue }
            return action
        }
        if isOver {
            let action = finishIfIdle(at: now)
            guard case .nothing = action else { return action }
        }
        return resumeReading()
    }

    private mutating func take(_ part: HTTPServerRequestPart, at now: () -> NIODeadline) -> Action {
        switch (phase, part) {
        case (.closing, _), (.lingering, _), (.closed, _), (.answering, _):
            return .nothing
        case (.idle, .head(let head)), (.receiving(nil, _), .head(let head)):
            return take(head, at: now)
        case (.receiving(let head?, var body), .body(var bytes)):
            guard body.readableBytes + bytes.readableBytes <= Request.maximumBodyByteCount else {
                return refuse(with: .payloadTooLarge, at: now())
            }
            // Releases the buffer's other reference, so that writing to it does not copy it.
            phase = .idle(isNew: false)
            body.writeBuffer(&bytes)
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

    private mutating func take(_ head: HTTPRequestHead, at now: () -> NIODeadline) -> Action {
        if case .idle = phase { beginReceiving(at: now()) }
        phase = .receiving(head, body: ByteBuffer())
        if let error = head.error { return refuse(with: error, at: now()) }
        // The decoder reads nothing after a request to upgrade.
        if head.asksToUpgrade { isLastRequest = true }
        return head.expectsContinue ? .sendContinue : .nothing
    }

    private mutating func beginReceiving(at now: NIODeadline) {
        phase = .receiving(nil, body: ByteBuffer())
        deadline = now + configuration.requestTimeout
        if isLastRequest { deadline = min(deadline, now + configuration.drainTimeout) }
    }

    /// Records that the responder has answered.
    /// - Parameter isDraining: whether the process is shutting down, so that connections close.
    mutating func answered(with response: consuming Response, isDraining: Bool, at now: NIODeadline) -> Action {
        guard case .answering(let head) = phase else { return .nothing }
        let isBodyOmitted = head.method == .HEAD
        guard !isLastRequest, !isOver, head.isKeepAlive, !isDraining else {
            beginClosing(at: now)
            return .send(response, isBodyOmitted: isBodyOmitted, .close)
        }
        phase = .idle(isNew: false)
        deadline = now + configuration.idleTimeout
        return .send(response, isBodyOmitted: isBodyOmitted, head.isHTTP1_0 ? .keepAliveExplicitly : .keepAlive)
    }

    // MARK: - Reading

    /// Records that the channel is about to read. The action is ``Action/read`` now or, if too many parts wait, later.
    mutating func readRequested() -> Action {
        guard waitingParts.count >= HTTPConnection.maximumWaitingPartCount else { return .read }
        isReadHeld = true
        return .nothing
    }

    /// Ends the hold of reading if few enough parts wait.
    mutating func resumeReading() -> Action {
        guard isReadHeld, waitingParts.count < HTTPConnection.maximumWaitingPartCount else { return .nothing }
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
        case .idle where waitingParts.isEmpty, .receiving:
            return refuse(with: error == .headerOverflow ? .headerFieldsTooLarge : .badRequest, at: now)
        case .idle, .answering:
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
        case .idle(isNew: false): return finish(at: now)
        case .receiving, .answering, .closing, .lingering: deadline = min(deadline, now + configuration.drainTimeout)
        case .closed: return .nothing
        }
        return .setTimer
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
        waitingParts.removeAll()
    }

    /// Whether the input has ended and every part of it was taken.
    private var isOver: Bool { input != .open && waitingParts.isEmpty }

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
        waitingParts.removeAll()
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
        case .idle, .answering, .closing, .lingering: return close()
        }
    }
}
