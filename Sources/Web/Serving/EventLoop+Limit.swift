import NIOCore
import Platform

extension EventLoop {
    /// Returns the result of `body`, or that of `fallback` if `body` exceeds the limit. `body` is not cancelled then;
    /// its result is discarded.
    /// - Parameters:
    ///   - limit: the longest time to wait for `body`; `nil` for no limit.
    ///   - executor: the executor of this event loop.
    func value<Value: Sendable>(
        within limit: TimeAmount?, on executor: EventLoopExecutor, _ body: @escaping @Sendable () async -> Value,
        else fallback: @escaping @Sendable () -> Value
    ) async -> Value {
        let first = makePromise(of: Value.self)
        let timer = limit.map { scheduleTask(in: $0) { first.succeed(fallback()) } }
        defer { timer?.cancel() }
        Task.immediate(executorPreference: executor) { first.succeed(await body()) }
        // The promise fails only if its event loop has shut down; then nothing needs the value.
        return (try? await first.futureResult.get()) ?? fallback()
    }
}
