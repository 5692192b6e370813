import NIOCore
import NIOHTTP1

/// What a ``RuntimeAPIServer`` knows of its runtime and of its invocations, and the order that it demands. It does
/// nothing by itself: changes give what is to be done, which ``carryOut(_:)`` does once the state's lock is free.
struct RuntimeAPIState: Sendable {
    typealias Outcome = RuntimeAPIServer.Outcome

    /// An invocation, from when a test asks for it until it is settled.
    struct Invocation: Sendable {
        let requestID: String
        let event: [UInt8]
        /// The time that the runtime has.
        let limit: Duration
        let traceID: String?
        let invocationID: String?
        /// `nil` once nobody waits for it any more.
        var outcome: EventLoopPromise<Outcome>?
        /// When its time is over, in Unix milliseconds; it is set when the event is given.
        var deadline: Int64 = 0
    }

    /// What is to be done.
    enum Action: Sendable {
        case reply(RuntimeAPIReply, EventLoopPromise<RuntimeAPIReply>)
        /// Nobody is there any more to reply to.
        case forget(EventLoopPromise<RuntimeAPIReply>)
        case acknowledge(Outcome, EventLoopPromise<Outcome>)
    }

    /// A `next` that waits for an event.
    private struct Poll {
        let connection: Int
        let reply: EventLoopPromise<RuntimeAPIReply>
    }

    private enum Phase { case starting, serving, failed, over }

    private let concurrency: Int
    /// The wall clock, in Unix milliseconds.
    private let now: @Sendable () -> Int64

    private var phase = Phase.starting
    private var queued: [Invocation] = []
    private var polls: [Poll] = []
    private var given: [String: Invocation] = [:]
    private var settledIDs: Set<String> = []
    /// The invocations whose answer was too large, and of which no report has come since.
    private var oversizedIDs: Set<String> = []
    private var failures: [RuntimeAPIServer.Call] = []
    private var connectionCount = 0

    private(set) var connections: [Int: any Channel] = [:]
    private(set) var initError: RuntimeAPIServer.ErrorReport?
    private(set) var violations: [String] = []
    private(set) var arrivals: [RuntimeAPIServer.Arrival] = []
    var delay = Duration.zero
    var closesAfterReply = false

    init(concurrency: Int, now: @escaping @Sendable () -> Int64) {
        self.concurrency = concurrency
        self.now = now
    }

    var waitingCount: Int { polls.count }

    var inFlightCount: Int { given.count }

    // MARK: - What a test does

    /// An event is to be given to the runtime.
    mutating func queue(_ invocation: Invocation) -> [Action] {
        guard phase != .over else { return invocation.acknowledge(.unanswered) }
        queued.append(invocation)
        return give()
    }

    /// An invocation is not waited for any longer. It stays in flight, if it is, until an answer comes.
    mutating func deadLetter(_ requestID: String) -> [Action] {
        if let index = queued.firstIndex(where: { $0.requestID == requestID }) {
            return queued.remove(at: index).acknowledge(.unanswered)
        }
        let actions = given[requestID]?.acknowledge(.unanswered) ?? []
        given[requestID]?.outcome = nil
        return actions
    }

    /// A call is to be answered with 500.
    mutating func fail(_ call: RuntimeAPIServer.Call) -> [Action] {
        guard call == .next, !polls.isEmpty else {
            failures.append(call)
            return []
        }
        return [.reply(.failure, polls.removeFirst().reply)]
    }

    /// Nothing is given or taken any more.
    mutating func end() -> [Action] {
        phase = .over
        let actions = (queued + given.values).flatMap { $0.acknowledge(.unanswered) }
        queued = []
        given = [:]
        return actions
    }

    // MARK: - What a runtime does

    /// A connection was made; gives its number, or `nil` where none is to be made any more.
    mutating func connect(_ channel: any Channel) -> Int? {
        guard phase != .over else { return nil }
        connectionCount += 1
        connections[connectionCount] = channel
        return connectionCount
    }

    /// A connection has ended.
    mutating func disconnect(_ connection: Int) -> [Action] {
        connections[connection] = nil
        let gone = polls.filter { $0.connection == connection }
        polls.removeAll { $0.connection == connection }
        return gone.map { .forget($0.reply) }
    }

    /// Something came that is no HTTP.
    mutating func receive(_ error: String) {
        violations.append("not HTTP: \(error)")
    }

    /// A call came, which wants a reply.
    mutating func receive(
        _ call: RuntimeAPICall, on connection: Int, _ reply: EventLoopPromise<RuntimeAPIReply>
    ) -> [Action] {
        if let kind = call.kind {
            arrivals.append(RuntimeAPIServer.Arrival(call: kind, instant: call.instant))
            if let index = failures.firstIndex(of: kind) {
                failures.remove(at: index)
                return [Action.reply(.failure, reply)] + lose(call)
            }
        }
        switch call.target {
        case .next:
            return next(on: connection, reply)
        case .response(let requestID), .error(let requestID):
            let (answer, actions) = take(call, of: requestID)
            return [Action.reply(answer, reply)] + actions
        case .initError:
            return [.reply(takeInitError(call), reply)]
        case .nothing:
            violations.append("404 to \(call.line)")
            return [.reply(.noSuchCall, reply)]
        }
    }

    private mutating func next(on connection: Int, _ reply: EventLoopPromise<RuntimeAPIReply>) -> [Action] {
        guard phase == .starting || phase == .serving else {
            violations.append("403 to next: the start was reported to have failed")
            return [.reply(.wrongOrder, reply)]
        }
        guard polls.count + given.count < concurrency else {
            violations.append(
                "403 to next: \(polls.count) wait and \(given.count) are in flight, of \(concurrency) at once")
            return [.reply(.wrongOrder, reply)]
        }
        phase = .serving
        polls.append(Poll(connection: connection, reply: reply))
        return give()
    }

    /// Gives events to who waits for them, as far as there are both.
    private mutating func give() -> [Action] {
        var actions: [Action] = []
        while !queued.isEmpty, !polls.isEmpty {
            var invocation = queued.removeFirst()
            invocation.deadline = now() + Int64(invocation.limit / Duration.milliseconds(1))
            given[invocation.requestID] = invocation
            actions.append(.reply(RuntimeAPIReply(giving: invocation), polls.removeFirst().reply))
        }
        return actions
    }

    /// Takes an answer or a report, and gives the reply to it.
    private mutating func take(_ call: RuntimeAPICall, of requestID: String) -> (RuntimeAPIReply, [Action]) {
        guard let invocation = given[requestID] else { return (refuse(call, of: requestID), []) }
        let echo = call.fields.first(name: "Lambda-Runtime-Invocation-Id")
        if echo != invocation.invocationID {
            violations.append("\(call.line): another Lambda-Runtime-Invocation-Id than was given, or none")
            // One that was not sent back may be of a runtime that knows none.
            if echo != nil { return (.late, []) }
        }
        if call.kind == .error { check(call) }
        given[requestID] = nil
        settledIDs.insert(requestID)
        if now() >= invocation.deadline { return (.late, invocation.acknowledge(.late)) }
        if call.kind == .error {
            return (.accepted, invocation.acknowledge(.failed(type: call.report.type, body: call.body)))
        }
        guard !call.isTooLarge else {
            oversizedIDs.insert(requestID)
            return (.tooLarge, invocation.acknowledge(.tooLarge))
        }
        return (.accepted, invocation.acknowledge(.answered(call.body)))
    }

    /// The reply to an answer or a report of what is not in flight.
    private mutating func refuse(_ call: RuntimeAPICall, of requestID: String) -> RuntimeAPIReply {
        // A runtime need not know that the API reports this by itself.
        if call.kind == .error, oversizedIDs.remove(requestID) != nil { return .wrongOrder }
        if settledIDs.contains(requestID) {
            violations.append("403 to \(call.line): answered already")
            return .wrongOrder
        }
        if queued.contains(where: { $0.requestID == requestID }) {
            violations.append("403 to \(call.line): not given yet")
            return .wrongOrder
        }
        violations.append("400 to \(call.line): unknown")
        return .unknownID
    }

    private mutating func takeInitError(_ call: RuntimeAPICall) -> RuntimeAPIReply {
        guard phase == .starting else {
            violations.append("403 to init/error: the start is over")
            return .wrongOrder
        }
        phase = .failed
        check(call)
        initError = call.report
        return .accepted
    }

    private mutating func check(_ call: RuntimeAPICall) {
        guard !call.report.isWellFormed else { return }
        violations.append(
            "\(call.line): no Lambda-Runtime-Function-Error-Type, or a body that is not errorMessage, errorType and "
                + "stackTrace: \(String(decoding: call.body.prefix(200), as: UTF8.self))")
    }

    /// What a call was to acknowledge is settled by its failure.
    private mutating func lose(_ call: RuntimeAPICall) -> [Action] {
        switch call.target {
        case .response(let requestID), .error(let requestID):
            settledIDs.insert(requestID)
            return given.removeValue(forKey: requestID)?.acknowledge(.lost) ?? []
        case .next, .initError, .nothing:
            return []
        }
    }

    // MARK: -

    /// Does what changes want done.
    static func carryOut(_ actions: [Action]) {
        for action in actions {
            switch action {
            case .reply(let reply, let promise): promise.succeed(reply)
            case .forget(let promise): promise.fail(ChannelError.ioOnClosedChannel)
            case .acknowledge(let outcome, let promise): promise.succeed(outcome)
            }
        }
    }
}

extension RuntimeAPIState.Invocation {
    /// Tells who waits for it what came of it.
    fileprivate func acknowledge(_ outcome: RuntimeAPIServer.Outcome) -> [RuntimeAPIState.Action] {
        guard let promise = self.outcome else { return [] }
        return [.acknowledge(outcome, promise)]
    }
}
