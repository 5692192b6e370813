import Edge
import Logging
import NIOCore
import SignIn

/// One connection to the Runtime API, and the invocations that come by it: each is answered before the next is asked
/// for.
struct LambdaLoop: Sendable {
    private let api: RuntimeAPI
    private let worker: Worker
    private let logger: Logger

    init(address: RuntimeAPIAddress, worker: Worker, logger: Logger) {
        api = RuntimeAPI(at: address, on: worker.eventLoop)
        self.worker = worker
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
            event = try LambdaEvent(parsing: invocation.event, isRoute: worker.door.isRoute)
        } catch {
            logger.warning("unreadable_event", metadata: ["request_id": "\(invocation.id)", "reason": "\(error)"])
            let failure = LambdaFailure(type: "Postern.UnreadableEvent", message: error.description)
            return try consider(try await api.fail(invocation, failure), of: invocation)
        }
        let response = await response(to: event.request, of: invocation)
        let answer = response.lambdaAnswer(for: event.source, isBodyOmitted: event.request.method == .head)
        try consider(try await api.answer(invocation, answer), of: invocation)
    }

    /// Goes on after an invocation, unless the Runtime API says that this process is of no more use.
    private func consider(_ status: Int, of invocation: Invocation) throws(RuntimeAPIError) {
        switch status {
        case 202: break
        case 500: throw .status(500, to: "an answer")
        default:
            // 410: it came too late. 413: it is too large. Whoever asked was told so by the Runtime API.
            logger.warning("answer_not_taken", metadata: ["request_id": "\(invocation.id)", "status": "\(status)"])
        }
    }

    /// The door's answer; where it is not there in time, that there is none for now. What was begun then ends by its own
    /// deadlines.
    private func response(to request: Request, of invocation: Invocation) async -> Response {
        var request = request
        if request.fields.requestID == nil { request.fields.append("X-Request-Id", invocation.id) }
        request.traceID = invocation.traceID
        let (door, eventLoop, fields) = (worker.door, worker.eventLoop, request.fields)
        guard request.body.count <= Door.maximumBodyByteCount else {
            return door.response(to: .payloadTooLarge, fields: fields)
        }
        let first = eventLoop.makePromise(of: Response.self)
        let timer = invocation.deadline.map { deadline in
            let left = deadline.milliseconds - UnixTime.now().milliseconds - LambdaLoop.reserveMilliseconds
            return eventLoop.scheduleTask(in: .milliseconds(Int64(max(0, left)))) {
                first.succeed(door.response(to: .serviceUnavailable(retryAfter: .seconds(1)), fields: fields))
            }
        }
        Task.immediate(executorPreference: worker.executor) { [request] in
            first.succeed(await door.respond(to: request))
        }
        defer { timer?.cancel() }
        do {
            return try await first.futureResult.get()
        } catch {
            // A promise fails where its event loop has ended: nobody is there to be answered.
            return door.response(to: .serviceUnavailable(retryAfter: .seconds(1)), fields: fields)
        }
    }

    /// How long before an invocation's deadline it is answered, so that the answer is there in time.
    private static let reserveMilliseconds = 100
}
