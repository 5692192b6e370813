import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// A stand-in for AWS Lambda's Runtime API at a port of 127.0.0.1 of its own: it gives a runtime the events of a test,
/// keeps to the order that the real one demands, and notes whatever broke it. It ends with its last owner.
///
/// A runtime asks for an event (`next`), and waits until there is one. It answers each that it was given once, by
/// `response` or `error`, and only then asks for another; where a concurrency is configured, it may do so that many
/// times at once. `init/error` is for who has never asked. (docs.aws.amazon.com/lambda, runtimes-api; the states are
/// those of `aws-lambda-runtime-interface-emulator`.)
package final class RuntimeAPIServer: Sendable {
    /// How large an answer may be by Lambda's own rule, in bytes.
    package static let usualMaximumAnswerBytes = 6 * 1024 * 1024 + 100
    /// For how long an invocation is waited for when its time is over.
    private static let patience = Duration.seconds(5)

    /// Where it listens: the value of `AWS_LAMBDA_RUNTIME_API`.
    package let address: String

    private let channel: any Channel
    private let state: Mutexed<RuntimeAPIState>

    /// Starts a server; it accepts connections when this returns.
    /// - Parameters:
    ///   - concurrency: how many invocations a runtime may wait for or have at once (`AWS_LAMBDA_MAX_CONCURRENCY`).
    ///   - maximumAnswerBytes: what is larger is refused with 413.
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
                    // NIO's own help with pipelined requests reads nothing while one is not answered, and would not see
                    // that who waits for an event has gone.
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

    /// Gives the runtime an event, as soon as it asks for one, and waits for what comes of it: at most until five
    /// seconds after its time is over.
    /// - Parameters:
    ///   - limit: the time that the runtime has, from when it is given the event; with none, every answer is too late.
    ///   - requestID: `Lambda-Runtime-Aws-Request-Id`; no two invocations of a test share one.
    ///   - traceID: `Lambda-Runtime-Trace-Id`.
    ///   - invocationID: `Lambda-Runtime-Invocation-Id`, which the runtime must send back.
    package func invoke(
        _ event: [UInt8], within limit: Duration = .seconds(10),
        requestID: String = RuntimeAPIServer.newRequestID(), traceID: String? = nil, invocationID: String? = nil
    ) async throws -> Outcome {
        let outcome = channel.eventLoop.makePromise(of: Outcome.self)
        let timer = channel.eventLoop.scheduleTask(in: TimeAmount(limit + RuntimeAPIServer.patience)) { [state] in
            RuntimeAPIState.carryOut(state.update { $0.deadLetter(requestID) })
        }
        outcome.futureResult.whenComplete { _ in timer.cancel() }
        let invocation = RuntimeAPIState.Invocation(
            requestID: requestID, event: event, limit: limit, traceID: traceID, invocationID: invocationID,
            outcome: outcome)
        RuntimeAPIState.carryOut(state.update { $0.queue(invocation) })
        return try await outcome.futureResult.get()
    }

    /// A name that no other invocation has.
    package static func newRequestID() -> String { UUID().uuidString.lowercased() }

    /// Waits until the runtime waits for its next event, or for so many at once.
    /// - Throws: ``Timeout`` where it does not in time.
    package func waitForNext(count: Int = 1, within limit: Duration = .seconds(20)) async throws {
        try await eventually(within: limit, "the runtime to wait for \(count) events") {
            self.waitingCount >= count
        }
    }

    /// How many events the runtime waits for.
    package var waitingCount: Int { state.update { $0.waitingCount } }

    /// How many invocations the runtime was given and has not answered.
    package var inFlightCount: Int { state.update { $0.inFlightCount } }

    /// What the runtime reported of its start; `nil` where it has reported nothing.
    package var initError: ErrorReport? { state.update { $0.initError } }

    /// What the runtime did that it must not do, in the order of its coming. An answer that is late or too large is
    /// none of it.
    package var violations: [String] { state.update { $0.violations } }

    /// The calls that came, in the order of their coming.
    package var arrivals: [Arrival] { state.update { $0.arrivals } }

    // MARK: - Trouble

    /// Answers a call with 500: one that waits, else the next of its kind. The invocation is ``Outcome/lost``.
    package func fail(_ call: Call) {
        RuntimeAPIState.carryOut(state.update { $0.fail(call) })
    }

    /// How long each reply is held back. Default: not at all.
    package var delay: Duration {
        get { state.update { $0.delay } }
        set { state.update { $0.delay = newValue } }
    }

    /// Whether each reply says `Connection: close`, and its connection ends. Default: only where the runtime wants it.
    package var closesAfterReply: Bool {
        get { state.update { $0.closesAfterReply } }
        set { state.update { $0.closesAfterReply = newValue } }
    }

    /// Ends all connections that are open now, and waits until they have ended.
    package func closeConnections() async {
        await RuntimeAPIServer.close(state.update { Array($0.connections.values) })
    }

    /// Ends the listening and all connections, and waits until they have ended. Invocations without an outcome are
    /// ``Outcome/unanswered``.
    package func close() async {
        try? await channel.close()
        await RuntimeAPIServer.close(end())
    }

    private static func close(_ connections: [any Channel]) async {
        for connection in connections {
            connection.close(promise: nil)
            // Not the end of the call: whoever waited on the connection is forgotten only before that of the channel.
            try? await connection.closeFuture.get()
        }
    }

    /// Lets no further connection in; gives those that are open.
    private func end() -> [any Channel] {
        RuntimeAPIState.carryOut(state.update { $0.end() })
        return state.update { Array($0.connections.values) }
    }
}
