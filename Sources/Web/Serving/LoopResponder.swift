import NIOCore
import Platform
import Web

/// What serves requests on one event loop: a door of its own, and the executor of its tasks.
package struct LoopResponder: Sendable {
    /// What its requests are served on.
    package let eventLoop: any EventLoop
    /// What answers them.
    package let responder: any Responder
    let executor: EventLoopExecutor

    /// A door's loop on an event loop.
    package init(eventLoop: any EventLoop, responder: any Responder) {
        self.eventLoop = eventLoop
        self.responder = responder
        executor = EventLoopExecutor(eventLoop)
    }

    /// Waits until requests can be served, or for so long.
    func prepare(within limit: TimeAmount) async {
        _ = await eventLoop.value(within: limit, on: executor) {
            await responder.isReady()
        } else: {
            false
        }
    }
}
