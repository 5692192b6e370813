import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// A simulation of AWS Lambda's Runtime API on a free port of 127.0.0.1. It gives a test's events to a runtime,
/// enforces the order of calls like the real one, and records violations. It stops when its last reference is released.
///
/// A runtime requests an event (`next`), and waits until there is one. It answers each event once, with `response` or
/// `error`, and only then requests another. With a concurrency above 1, it may do so that many times at once.
/// `init/error` is allowed only before the first `next`. (docs.aws.amazon.com/lambda, runtimes-api; the states are
/// those of `aws-lambda-runtime-interface-emulator`.)
package final class RuntimeAPIServer: Sendable {
    /// Lambda's own maximum size of an answer, in bytes.
    package static let usualMaximumAnswerBytes = 6 * 1024 * 1024 + 100
    /// The time for which an invocation is waited for after its deadline.
    private static let patience = Duration.seconds(5)

    /// The address that it listens on: the value of `AWS_LAMBDA_RUNTIME_API`.
    package let address: String

    private let channel: any Channel
    private let state: Mutexed<RuntimeAPIState>

    /// Starts a server, and waits until it accepts connections.
    /// - Parameters:
    ///   - concurrency: the number of invocations that a runtime may wait for or have at once
    ///     (`AWS_LAMBDA_MAX_CONCURRENCY`).
    ///   - maximumAnswerBytes: the size above which an answer is refused with 413.
    package init(
        concurrency: Int = 1, maximumAnswerBytes: Int = RuntimeAPIServer.usualMaximumAnswerBytes
    ) async throws {
        let state = Mutexed(
            RuntimeAPIState(concurrency: concurrency) { Int64(Date().timeIntervalSince1970 * 1000) })
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let number = state.update({ $0.connect(channel) }) else {
                        throw ChannelError.ioOnClosedChannel
                    }
                    let pipeline = channel.pipeline.syncOperations
                    // NIO's assistance with pipelining reads nothing while a request is not answered, and would not
                    // notice that a waiting runtime has disconnected.
                    try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false, withErrorHandling: false)
                    try pipeline.addHandler(
                        RuntimeAPIConnection(number, maximumAnswerBytes: maximumAnswerBytes, state: state))
                }
            }
            .bind(host: "127.0.0.1", port: 0)
            .get()
        self.state = state
        address = "127.0.0.1:\(channel.localAddress?.port ?? 0)"
    }

    deinit {
        channel.close(promise: nil)
        for connection in end() { connection.close(promise: nil) }
    }

    // MARK: - Invocations

    /// Gives an event to the runtime as soon as it requests one, and waits for the outcome, at most until five seconds
    /// after the deadline.
    /// - Parameters:
    ///   - limit: the time until the deadline, from when the runtime is given the event. If zero, every answer is late.
    ///   - requestID: the value of `Lambda-Runtime-Aws-Request-Id`, which must be unique in a test.
    ///   - traceID: the value of `Lambda-Runtime-Trace-Id`; `nil` to leave it out.
    ///   - invocationID: the value of `Lambda-Runtime-Invocation-Id`, which the runtime must send back; `nil` to leave
    ///     it out.
    package func invoke(
        _ event: [UInt8], within limit: Duration = .seconds(10),
        requestID: String = RuntimeAPIServer.newRequestID(), traceID: String? = nil, invocationID: String? = nil
    ) async throws -> Outcome {
        let outcome = channel.eventLoop.makePromise(of: Outcome.self)
        let timer = channel.eventLoop.scheduleTask(in: TimeAmount(limit + RuntimeAPIServer.patience)) { [state] in
            RuntimeAPIState.carryOut(state.update { $0.abandon(requestID) })
        }
        outcome.futureResult.whenComplete { _ in timer.cancel() }
        let invocation = RuntimeAPIState.Invocation(
            requestID: requestID, event: event, limit: limit, traceID: traceID, invocationID: invocationID,
            outcome: outcome)
        RuntimeAPIState.carryOut(state.update { $0.queue(invocation) })
        return try await outcome.futureResult.get()
    }

    /// A unique request id.
    package static func newRequestID() -> String { UUID().uuidString.lowercased() }

    /// Waits until the runtime waits for its next event, or for `count` events at once.
    /// - Throws: ``Timeout`` if it does not in time.
    package func waitForNext(count: Int = 1, within limit: Duration = .seconds(20)) async throws {
        try await eventually(within: limit, "the runtime to wait for \(count) events") {
            self.waitingCount >= count
        }
    }

    /// The number of events that the runtime waits for.
    package var waitingCount: Int { state.update { $0.waitingCount } }

    /// The number of invocations that the runtime was given and has not answered.
    package var inFlightCount: Int { state.update { $0.inFlightCount } }

    /// The error that the runtime reported for its start; `nil` if it reported none.
    package var initError: ErrorReport? { state.update { $0.initError } }

    /// The runtime's violations of the rules, in order. Late or too large answers do not count as violations.
    package var violations: [String] { state.update { $0.violations } }

    /// The calls that have arrived, in order.
    package var arrivals: [Arrival] { state.update { $0.arrivals } }

    // MARK: - Faults

    /// Answers a call with 500: one that waits, or else the next of its kind. The invocation is ``Outcome/lost``.
    package func fail(_ call: Call) {
        RuntimeAPIState.carryOut(state.update { $0.fail(call) })
    }

    /// The delay of each reply. Default: zero.
    package var delay: Duration {
        get { state.update { $0.delay } }
        set { state.update { $0.delay = newValue } }
    }

    /// Whether each reply has `Connection: close`, and its connection closes. If `false`, which is the default, only
    /// replies to a request with `Connection: close` do.
    package var closesAfterReply: Bool {
        get { state.update { $0.closesAfterReply } }
        set { state.update { $0.closesAfterReply = newValue } }
    }

    /// Closes all open connections, and waits until they are closed.
    package func closeConnections() async {
        await RuntimeAPIServer.close(state.update { Array($0.connections.values) })
    }

    /// Stops listening, closes all connections, and waits until they are closed. Invocations without an outcome become
    /// ``Outcome/unanswered``.
    package func close() async {
        try? await channel.close()
        await RuntimeAPIServer.close(end())
    }

    private static func close(_ connections: [any Channel]) async {
        for connection in connections {
            connection.close(promise: nil)
            // The call returns too early: polls on the connection are removed only before its close future succeeds.
            try? await connection.closeFuture.get()
        }
    }

    /// Refuses further connections, and returns the open ones.
    private func end() -> [any Channel] {
        RuntimeAPIState.carryOut(state.update { $0.end() })
        return state.update { Array($0.connections.values) }
    }
}
