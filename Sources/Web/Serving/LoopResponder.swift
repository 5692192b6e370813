import NIOCore
import Platform
import Web

/// An event loop with its own responder, and the executor that runs the responder's tasks there.
package struct LoopResponder: Sendable {
    package let eventLoop: any EventLoop
    package let responder: any Responder
    let executor: EventLoopExecutor

    package init(eventLoop: any EventLoop, responder: any Responder) {
        self.eventLoop = eventLoop
        self.responder = responder
        executor = EventLoopExecutor(eventLoop)
    }

    /// Waits until the responder is ready, or until the limit has passed.
    func prepare(within limit: TimeAmount) async {
        _ = await eventLoop.value(within: limit, on: executor) {
            await responder.isReady()
        } else: {
            false
        }
    }
}
