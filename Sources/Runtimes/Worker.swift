public import Edge
import EventLoopExecutor
public import NIOCore

/// What serves requests on one event loop: a door of its own, and the executor of its tasks.
public struct Worker: Sendable {
    /// What its requests are served on.
    public let eventLoop: any EventLoop
    /// What answers them.
    public let door: Door
    let executor: EventLoopExecutor

    /// A door's worker on an event loop.
    public init(eventLoop: any EventLoop, door: Door) {
        self.eventLoop = eventLoop
        self.door = door
        executor = EventLoopExecutor(eventLoop)
    }

    /// Waits until requests can be served, or for so long.
    func prepare(within limit: TimeAmount) async {
        _ = await eventLoop.value(within: limit, on: executor) {
            await door.isReady()
        } else: {
            false
        }
    }
}
