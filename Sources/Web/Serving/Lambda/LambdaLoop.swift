import Logging
import NIOCore
import Platform
import Web

/// Serves the invocations of one connection to the Runtime API. Each is answered before the next is requested.
struct LambdaLoop: Sendable {
    private let api: RuntimeAPI
    private let loopResponder: LoopResponder
    private let logger: Logger
    private let lines: BoundedLines

    init(
        address: RuntimeAPIAddress, responder loopResponder: LoopResponder, logger: Logger, lines: BoundedLines
    ) {
        api = RuntimeAPI(at: address, on: loopResponder.eventLoop)
        self.loopResponder = loopResponder
        self.logger = logger
        self.lines = lines
    }

    /// Serves invocations until ``end()`` is called.
    /// - Throws: ``RuntimeAPIError`` if the Runtime API cannot be reached, or answers unexpectedly.
    func run() async throws(RuntimeAPIError) {
        while let invocation = try await api.next() { try await serve(invocation) }
    }

    /// Stops waiting for the next invocation. One that is in progress is still answered.
    func end() async {
        await api.endWaiting()
    }

    // MARK: - Serving an invocation

    private func serve(_ invocation: Invocation) async throws(RuntimeAPIError) {
        let event: LambdaEvent
        do {
            event = try LambdaEvent(parsing: invocation.event, isRoute: loopResponder.responder.isRoute)
        } catch {
            lines.log(
                level: .warning, "event_unreadable", about: "\(error)", to: logger(of: invocation),
                ["reason": "\(error)"])
            let failure = LambdaFailure(type: "Postern.UnreadableEvent", message: error.description)
            return try check(try await api.fail(invocation, failure), of: invocation)
        }
        let response = await response(to: event.request, of: invocation)
        let answer = response.lambdaAnswer(for: event.source, isBodyOmitted: event.request.method == .head)
        try check(try await api.answer(invocation, answer), of: invocation)
    }

    /// Checks the status that the Runtime API returned for an answer.
    /// - Throws: ``RuntimeAPIError/status(_:to:)`` for 500, after which the process must exit.
    private func check(_ status: Int, of invocation: Invocation) throws(RuntimeAPIError) {
        switch status {
        case 202: break
        case 500: throw .status(500, to: "a response")
        default:
            // 410: the answer was too late. 413: it is too large. The Runtime API has already told the caller.
            lines.log(
                level: .warning, "invocation_response_rejected", about: "\(status)", to: logger(of: invocation),
                ["status": "\(status)"])
        }
    }

    /// Returns the responder's response, or `service_unavailable` if it is not ready shortly before the deadline.
    private func response(to request: Request, of invocation: Invocation) async -> Response {
        var request = request
        if request.fields.requestID == nil { request.fields.append("X-Request-Id", invocation.id) }
        request.logMetadata = invocation.logMetadata
        let (responder, fields) = (loopResponder.responder, request.fields)
        guard request.body.count <= Request.maximumBodyByteCount else {
            lines.log(level: .warning, "payload_too_large", to: logger(of: invocation))
            return responder.response(to: .payloadTooLarge, fields: fields)
        }
        let left = invocation.deadline.map { deadline in
            TimeAmount.milliseconds(Int64(deadline.milliseconds - UnixTime.now().milliseconds))
        }
        // The deadline for Redis is earlier, so that the responder itself can still answer.
        let redisDeadline = left.map { NIODeadline.now() + $0 - LambdaLoop.redisReserve }
        let limit = left.map { max(.zero, $0 - LambdaLoop.reserve) }
        return await loopResponder.eventLoop.value(within: limit, on: loopResponder.executor) { [request] in
            await TaskDeadline.$current.withValue(redisDeadline) { await responder.respond(to: request) }
        } else: {
            lines.log(level: .warning, "deadline_reached", to: logger(of: invocation))
            return responder.response(to: .serviceUnavailable(retryAfter: .seconds(1)), fields: fields)
        }
    }

    private func logger(of invocation: Invocation) -> Logger {
        var logger = logger
        for (name, value) in invocation.logMetadata { logger[metadataKey: name] = "\(value)" }
        return logger
    }

    /// The time left before an invocation's deadline when it is answered at the latest.
    private static let reserve = TimeAmount.milliseconds(100)
    /// The time left before an invocation's deadline when waiting for Redis stops.
    private static let redisReserve = TimeAmount.milliseconds(150)
}
