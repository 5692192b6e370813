import NIOCore
import NIOHTTP1
import Web

@testable import Serving

/// A connection without a network, at a time that the test moves. It stands for the handler: each event returns the
/// steps that the connection wants taken. Bytes are held as parts, each of which counts as one byte.
final class OfflineConnection {
    /// An action of the connection, reduced to what tests compare. A request is named by its method and target.
    enum Step: Equatable, Sendable {
        case read
        case sendContinue
        case respond(String, body: String = "")
        case send(ResponseWriter.Connection, isBodyOmitted: Bool = false)
        case refuse(HTTPError.Code, of: String?)
        case finish
        case closeOutput
        case close
        case setTimer

        init?(_ action: HTTPConnection.Action) {
            switch action {
            case .nothing: return nil
            case .read: self = .read
            case .sendContinue: self = .sendContinue
            case .respond(let head, let body): self = .respond(head.name, body: String(decoding: body, as: UTF8.self))
            case .send(_, let isBodyOmitted, let field): self = .send(field, isBodyOmitted: isBodyOmitted)
            case .refuse(let error, let head): self = .refuse(error.code, of: head?.name)
            case .finish: self = .finish
            case .closeOutput: self = .closeOutput
            case .close: self = .close
            case .setTimer: self = .setTimer
            }
        }
    }

    /// Timeouts that differ from each other: 60 seconds between requests, 12 for a first byte, 10 for a request, 5 for a
    /// drain, 2 of them for a first request, and 1 to linger.
    static var configuration: HTTPServerConfiguration {
        var configuration = HTTPServerConfiguration(host: "127.0.0.1", port: 0)
        configuration.idleTimeout = .seconds(60)
        configuration.firstByteTimeout = .seconds(12)
        configuration.requestTimeout = .seconds(10)
        configuration.drainTimeout = .seconds(5)
        configuration.firstRequestTimeout = .seconds(2)
        configuration.lingerTimeout = .seconds(1)
        return configuration
    }

    var now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    var isWritable = true
    var isDraining = false
    /// Whether requests are answered before the action that asks for it has returned.
    var isAnsweringAtOnce = false

    private var connection: HTTPConnection
    private var held = CircularBuffer<HTTPServerRequestPart>()
    private var isEndHeld = false

    init() {
        connection = HTTPConnection(OfflineConnection.configuration, at: now)
    }

    // MARK: - Events

    func bytesArrived() {
        connection.bytesArrived(at: now)
    }

    /// Bytes arrive, and the decoder makes parts of those that it may have.
    func receive(_ parts: [HTTPServerRequestPart]) -> [Step] {
        parts.flatMap { part in
            held.append(part)
            connection.heldByteCount = held.count
            return takeParts()
        }
    }

    func receive(_ parts: HTTPServerRequestPart...) -> [Step] { receive(parts) }

    /// Decodes what is held, as after each read, and when the client has read enough to be written to again.
    func takeParts() -> [Step] {
        var steps: [Step] = []
        while let part = held.first {
            let demand = connection.demand(isWritable: isWritable)
            if demand == .nothing { break }
            held.removeFirst()
            connection.heldByteCount = held.count
            if demand != .discard {
                connection.bytesArrived(at: now)
                steps += reduced(connection.received(part, at: now))
            }
            if held.isEmpty, isEndHeld {
                isEndHeld = false
                steps += inputClosed()
            }
            if isAnsweringAtOnce, case .respond? = steps.last { steps += reduced(respond()) }
        }
        return steps + reduced(connection.settle(at: now))
    }

    /// The responder answers; if the connection stays open, it has its next turn.
    func answer() -> [Step] {
        let steps = reduced(respond())
        guard case .send(let field, _) = steps.first, field != .close else { return steps }
        return steps + takeParts()
    }

    func readRequested() -> [Step] { reduced(connection.readRequested()) }

    func resumeReading() -> [Step] { reduced(connection.resumeReading()) }

    func inputClosed() -> [Step] {
        guard held.isEmpty else {
            isEndHeld = true
            return []
        }
        return reduced(connection.inputClosed(at: now))
    }

    func inputFailed(with error: HTTPParserError) -> [Step] { reduced(connection.inputFailed(with: error, at: now)) }

    func makeRoom() -> [Step] { reduced(connection.makeRoom()) }

    func freeMemory() -> [Step] { reduced(connection.freeMemory(at: now)) }

    func quiesce() -> [Step] { reduced(connection.quiesce(at: now)) }

    func flushed() -> [Step] { reduced(connection.flushed(at: now)) }

    func timerFired() -> [Step] { reduced(connection.timerFired(at: now)) }

    func closed() { connection.closed() }

    /// The time from now until the timer must fire.
    var timeToNextCheck: TimeAmount { connection.nextCheck(after: now) - now }

    private func respond() -> HTTPConnection.Action {
        connection.answered(with: .ok, isLast: isDraining, at: now)
    }

    private func reduced(_ action: HTTPConnection.Action) -> [Step] {
        Step(action).map { [$0] } ?? []
    }
}

extension HTTPServerRequestPart {
    /// The head of a request of HTTP/1.1, with a Host field.
    static func head(_ method: HTTPMethod, _ target: String, _ fields: HTTPHeaders = [:]) -> HTTPServerRequestPart {
        .head(HTTPRequestHead(version: .http1_1, method: method, uri: target, headers: ["Host": "postern"] + fields))
    }

    /// The head of a request of HTTP/1.0, without a Host field.
    static func oldHead(_ method: HTTPMethod, _ target: String, _ fields: HTTPHeaders = [:]) -> HTTPServerRequestPart {
        .head(HTTPRequestHead(version: .http1_0, method: method, uri: target, headers: fields))
    }

    static func body(_ text: String) -> HTTPServerRequestPart { .body(ByteBuffer(string: text)) }

    static var end: HTTPServerRequestPart { .end(nil) }
}

extension HTTPHeaders {
    fileprivate static func + (first: HTTPHeaders, second: HTTPHeaders) -> HTTPHeaders {
        var headers = first
        headers.add(contentsOf: second)
        return headers
    }
}

extension HTTPRequestHead {
    fileprivate var name: String { "\(method.rawValue) \(uri)" }
}
