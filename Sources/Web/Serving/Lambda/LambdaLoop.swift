import Logging
import NIOCore
import Platform
import Web

/// One connection to the Runtime API, and the invocations that come by it: each is answered before the next is asked
/// for.
struct LambdaLoop: Sendable {
    private let api: RuntimeAPI
    private let loopResponder: LoopResponder
    private let logger: Logger

    init(address: RuntimeAPIAddress, responder loopResponder: LoopResponder, logger: Logger) {
        api = RuntimeAPI(at: address, on: loopResponder.eventLoop)
        self.loopResponder = loopResponder
        self.logger = logger
    }

    /// Takes invocations until ``end()``.
    /// - Throws: where the Runtime API is not there any more, or not as it should be.
    func run() async throws(RuntimeAPIError) {
        while let invocation = try await api.next() { try await serve(invocation) }
    }

    /// Ends the wait for the next invocation; one that is under way is answered.
    func end() async {
        await api.endWaiting()
    }

    // MARK: - An invocation

    private func serve(_ invocation: Invocation) async throws(RuntimeAPIError) {
        let event: LambdaEvent
        do {
            event = try LambdaEvent(parsing: invocation.event, isRoute: loopResponder.responder.isRoute)
        } catch {
            logger(of: invocation).warning("event_unreadable", metadata: ["reason": "\(error)"])
            let failure = LambdaFailure(type: "Postern.UnreadableEvent", message: error.description)
            return try check(try await api.fail(invocation, failure), of: invocation)
        }
        let response = await response(to: event.request, of: invocation)
        let answer = response.lambdaAnswer(for: event.source, isBodyOmitted: event.request.method == .head)
        try check(try await api.answer(invocation, answer), of: invocation)
    }

    /// Looks at what the Runtime API says to an answer.
    /// - Throws: where it says that this process is of no more use.
    private func check(_ status: Int, of invocation: Invocation) throws(RuntimeAPIError) {
        switch status {
        case 202: break
        case 500: throw .status(500, to: "a response")
        default:
            // 410: it came too late. 413: it is too large. Whoever asked was told so by the Runtime API.
            logger(of: invocation).warning("invocation_response_rejected", metadata: ["status": "\(status)"])
        }
    }

    /// The door's answer; where it is not there in time, that there is none for now.
    private func response(to request: Request, of invocation: Invocation) async -> Response {
        var request = request
        if request.fields.requestID == nil { request.fields.append("X-Request-Id", invocation.id) }
        request.logMetadata = invocation.logMetadata
        let (responder, fields) = (loopResponder.responder, request.fields)
        guard request.body.count <= Request.maximumBodyByteCount else {
            logger(of: invocation).warning("payload_too_large")
            return responder.response(to: .payloadTooLarge, fields: fields)
        }
        let left = invocation.deadline.map { deadline in
            TimeAmount.milliseconds(Int64(deadline.milliseconds - UnixTime.now().milliseconds))
        }
        // Redis is given up first, so that the door itself can answer.
        let redisDeadline = left.map { NIODeadline.now() + $0 - LambdaLoop.redisReserve }
        let limit = left.map { max(.zero, $0 - LambdaLoop.reserve) }
        return await loopResponder.eventLoop.value(within: limit, on: loopResponder.executor) { [request] in
            await TaskDeadline.$current.withValue(redisDeadline) { await responder.respond(to: request) }
        } else: {
            logger(of: invocation).warning("deadline_reached")
            return responder.response(to: .serviceUnavailable(retryAfter: .seconds(1)), fields: fields)
        }
    }

    private func logger(of invocation: Invocation) -> Logger {
        var logger = logger
        for (name, value) in invocation.logMetadata { logger[metadataKey: name] = "\(value)" }
        return logger
    }

    /// How long before an invocation's deadline it is answered, so that the answer is there in time.
    private static let reserve = TimeAmount.milliseconds(100)
    /// How long before it Redis is not waited for any more.
    private static let redisReserve = TimeAmount.milliseconds(150)
}
