import Logging
import NIOCore
import Platform
import ServiceLifecycle
import Web

/// Serves invocations from AWS Lambda until graceful shutdown, one after another on each of its connections.
package struct LambdaRuntime: Service {
    private let address: RuntimeAPIAddress
    private let concurrency: Int
    private let responder: LoopResponder
    private let logger: Logger
    private let lines: BoundedLines

    /// The longest time to wait for Redis before the first invocation. Lambda stops a process that takes ten seconds to
    /// start.
    private static let preparationTimeout = TimeAmount.seconds(2)

    /// Creates a runtime, which takes no invocations until ``run()`` is called.
    /// - Parameters:
    ///   - address: the address of the Runtime API.
    ///   - concurrency: the number of connections, and so of invocations served at once.
    ///   - responder: answers the requests.
    ///   - lines: what bounds the lines that clients can cause.
    package init(
        address: RuntimeAPIAddress, concurrency: Int, responder: LoopResponder, logger: Logger, lines: BoundedLines
    ) {
        self.address = address
        self.concurrency = concurrency
        self.responder = responder
        self.logger = logger
        self.lines = lines
    }

    /// Serves invocations until graceful shutdown. Those in progress are still answered.
    /// - Throws: ``RuntimeAPIError`` if the Runtime API fails. The process then exits, and Lambda starts another.
    package func run() async throws {
        // Connecting to Redis now delays no request. Lambda may freeze the process once it requests an invocation.
        await responder.prepare(within: LambdaRuntime.preparationTimeout)
        logger.debug("taking_invocations", metadata: ["concurrency": "\(concurrency)"])
        let loops = (0..<concurrency).map { _ in
            LambdaLoop(address: address, responder: responder, logger: logger, lines: lines)
        }
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for loop in loops {
                    group.addTask(executorPreference: responder.executor) {
                        do {
                            try await loop.run()
                        } catch {
                            // One loop's failure ends all of them: the others would wait forever.
                            for other in loops { await other.end() }
                            throw error
                        }
                    }
                }
                try await group.waitForAll()
            }
        } onGracefulShutdown: {
            Task { for loop in loops { await loop.end() } }
        }
        logger.debug("stopped")
    }

    /// Reports to the Runtime API that the process cannot start. Stops trying after two seconds.
    package static func reportFailure(_ message: String, to address: RuntimeAPIAddress, on eventLoop: any EventLoop)
        async
    {
        let failure = LambdaFailure(type: "Postern.WrongSetting", message: message)
        await eventLoop.value(within: .seconds(2), on: EventLoopExecutor(eventLoop)) {
            // If the report fails, the exit status still shows the error.
            try? await RuntimeAPI(at: address, on: eventLoop).failInitialization(failure)
        } else: {
            // There is nothing else to try.
        }
    }
}
