public import Edge
import EventLoopExecutor
public import NIOCore

/// What serves requests on one event loop: a door of its own, and the executor of its tasks.
public struct Worker: Sendable {
    public let eventLoop: any EventLoop
    public let door: Door
    let executor: EventLoopExecutor

    public init(eventLoop: any EventLoop, door: Door) {
        self.eventLoop = eventLoop
        self.door = door
        executor = EventLoopExecutor(eventLoop)
    }

    /// Whether requests can be served; waits for Redis as long as a request would.
    public func isReady() async -> Bool { await door.isReady() }
}
