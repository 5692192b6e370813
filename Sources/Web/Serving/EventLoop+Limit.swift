import NIOCore
import Platform

extension EventLoop {
    /// What `body` gives, or what `fallback` gives where that takes too long: what was begun then goes on by itself.
    /// - Parameters:
    ///   - limit: how long it may take; `nil` for as long as it takes.
    ///   - executor: this event loop's.
    func value<Value: Sendable>(
        within limit: TimeAmount?, on executor: EventLoopExecutor, _ body: @escaping @Sendable () async -> Value,
        else fallback: @escaping @Sendable () -> Value
    ) async -> Value {
        let first = makePromise(of: Value.self)
        let timer = limit.map { scheduleTask(in: $0) { first.succeed(fallback()) } }
        defer { timer?.cancel() }
        Task.immediate(executorPreference: executor) { first.succeed(await body()) }
        // A promise fails where its event loop has ended: nobody waits for the value any more.
        return (try? await first.futureResult.get()) ?? fallback()
    }
}
