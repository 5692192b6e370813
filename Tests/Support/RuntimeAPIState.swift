import NIOCore
import NIOHTTP1

/// The state of a ``RuntimeAPIServer`` with its runtime and invocations, and the rules for the order of calls. It
/// performs no I/O: its methods return actions, which ``carryOut(_:)`` performs after the state's lock is released.
struct RuntimeAPIState: Sendable {
    typealias Outcome = RuntimeAPIServer.Outcome

    /// An invocation that has no outcome yet.
    struct Invocation: Sendable {
        let requestID: String
        let event: [UInt8]
        /// The time until the deadline, from when the event is given to the runtime.
        let limit: Duration
        let traceID: String?
        let invocationID: String?
        /// The promise of the outcome; `nil` once the test no longer waits for it.
        var outcome: EventLoopPromise<Outcome>?
        /// The deadline, in Unix milliseconds. It is set when the event is given to the runtime.
        var deadline: Int64 = 0
    }

    /// An action to perform.
    enum Action: Sendable {
        case reply(RuntimeAPIReply, EventLoopPromise<RuntimeAPIReply>)
        /// Drops the reply, because its connection has closed.
        case forget(EventLoopPromise<RuntimeAPIReply>)
        case finish(Outcome, EventLoopPromise<Outcome>)
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
    private var finishedIDs: Set<String> = []
    /// The invocations whose answer was too large, and for which no report has arrived since.
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

    // MARK: - Calls of the test

    /// Queues an event for the runtime.
    mutating func queue(_ invocation: Invocation) -> [Action] {
        guard phase != .over else { return invocation.finish(.unanswered) }
        queued.append(invocation)
        return give()
    }

    /// Stops waiting for an invocation. If it is in flight, it stays so until an answer arrives.
    mutating func abandon(_ requestID: String) -> [Action] {
        if let index = queued.firstIndex(where: { $0.requestID == requestID }) {
            return queued.remove(at: index).finish(.unanswered)
        }
        let actions = given[requestID]?.finish(.unanswered) ?? []
        given[requestID]?.outcome = nil
        return actions
    }

    /// Has a call answered with 500.
    mutating func fail(_ call: RuntimeAPIServer.Call) -> [Action] {
        guard call == .next, !polls.isEmpty else {
            failures.append(call)
            return []
        }
        return [.reply(.failure, polls.removeFirst().reply)]
    }

    /// Ends all invocations. No further events are given, and no further connections accepted.
    mutating func end() -> [Action] {
        phase = .over
        let actions = (queued + given.values).flatMap { $0.finish(.unanswered) }
        queued = []
        given = [:]
        return actions
    }

    // MARK: - Calls of the runtime

    /// Registers a connection, and returns its number, or `nil` if the server has stopped.
    mutating func connect(_ channel: any Channel) -> Int? {
        guard phase != .over else { return nil }
        connectionCount += 1
        connections[connectionCount] = channel
        return connectionCount
    }

    /// Removes a closed connection.
    mutating func disconnect(_ connection: Int) -> [Action] {
        connections[connection] = nil
        let gone = polls.filter { $0.connection == connection }
        polls.removeAll { $0.connection == connection }
        return gone.map { .forget($0.reply) }
    }

    /// Records bytes that are not HTTP.
    mutating func receive(_ error: String) {
        violations.append("not HTTP: \(error)")
    }

    /// Handles a call.
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

    /// Gives queued events to waiting polls.
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

    /// Handles an answer or a report, and returns the reply to it.
    private mutating func take(_ call: RuntimeAPICall, of requestID: String) -> (RuntimeAPIReply, [Action]) {
        guard let invocation = given[requestID] else { return (refuse(call, of: requestID), []) }
        let echo = call.fields.first(name: "Lambda-Runtime-Invocation-Id")
        if echo != invocation.invocationID {
            violations.append("\(call.line): another Lambda-Runtime-Invocation-Id than was given, or none")
            // A runtime that does not know the field sends nothing back; its answer is still accepted.
            if echo != nil { return (.late, []) }
        }
        if call.kind == .error { check(call) }
        given[requestID] = nil
        finishedIDs.insert(requestID)
        if now() >= invocation.deadline { return (.late, invocation.finish(.late)) }
        if call.kind == .error {
            return (.accepted, invocation.finish(.failed(type: call.report.type, body: call.body)))
        }
        guard !call.isTooLarge else {
            oversizedIDs.insert(requestID)
            return (.tooLarge, invocation.finish(.tooLarge))
        }
        return (.accepted, invocation.finish(.answered(call.body)))
    }

    /// The reply to an answer or a report for an invocation that is not in flight.
    private mutating func refuse(_ call: RuntimeAPICall, of requestID: String) -> RuntimeAPIReply {
        // Not a violation: a runtime need not know that the API has already reported the error.
        if call.kind == .error, oversizedIDs.remove(requestID) != nil { return .wrongOrder }
        if finishedIDs.contains(requestID) {
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

    /// Ends the invocation of a call that was answered with 500.
    private mutating func lose(_ call: RuntimeAPICall) -> [Action] {
        switch call.target {
        case .response(let requestID), .error(let requestID):
            finishedIDs.insert(requestID)
            return given.removeValue(forKey: requestID)?.finish(.lost) ?? []
        case .next, .initError, .nothing:
            return []
        }
    }

    // MARK: -

    /// Performs actions.
    static func carryOut(_ actions: [Action]) {
        for action in actions {
            switch action {
            case .reply(let reply, let promise): promise.succeed(reply)
            case .forget(let promise): promise.fail(ChannelError.ioOnClosedChannel)
            case .finish(let outcome, let promise): promise.succeed(outcome)
            }
        }
    }
}

extension RuntimeAPIState.Invocation {
    /// The action that passes the outcome to the waiting test, if there is one.
    fileprivate func finish(_ outcome: RuntimeAPIServer.Outcome) -> [RuntimeAPIState.Action] {
        guard let promise = self.outcome else { return [] }
        return [.finish(outcome, promise)]
    }
}
