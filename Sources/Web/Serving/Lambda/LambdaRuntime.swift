import Logging
import NIOCore
import Platform
import ServiceLifecycle

/// Takes invocations from AWS Lambda, one after another on each of its connections, until it is told to end.
package struct LambdaRuntime: Service {
    private let address: RuntimeAPIAddress
    private let concurrency: Int
    private let responder: LoopResponder
    private let logger: Logger

    /// How long Redis is waited for before the first invocation: Lambda ends a start that takes ten seconds.
    private static let preparationTimeout = TimeAmount.seconds(2)

    /// A runtime that takes nothing yet.
    /// - Parameters:
    ///   - address: where the Runtime API is.
    ///   - concurrency: how many invocations may be under way at once.
    ///   - responder: what answers them.
    package init(address: RuntimeAPIAddress, concurrency: Int, responder: LoopResponder, logger: Logger) {
        self.address = address
        self.concurrency = concurrency
        self.responder = responder
        self.logger = logger
    }

    /// Takes invocations until graceful shutdown; those that are under way are answered.
    /// - Throws: ``RuntimeAPIError`` where the Runtime API has gone, which ends the process: Lambda starts another.
    package func run() async throws {
        // While the process starts, Redis costs nobody time; Lambda may freeze it as soon as it asks for work.
        await responder.prepare(within: LambdaRuntime.preparationTimeout)
        logger.debug("taking_invocations", metadata: ["concurrency": "\(concurrency)"])
        let loops = (0..<concurrency).map { _ in
            LambdaLoop(address: address, responder: responder, logger: logger)
        }
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for loop in loops {
                    group.addTask(executorPreference: responder.executor) {
                        do {
                            try await loop.run()
                        } catch {
                            // What ends one is the end of all: those that wait would wait for ever.
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

    /// Reports that the process cannot start, as far as there is somebody to tell: for two seconds at most.
    package static func reportFailure(_ message: String, to address: RuntimeAPIAddress, on eventLoop: any EventLoop)
        async
    {
        let failure = LambdaFailure(type: "Postern.WrongSetting", message: message)
        await eventLoop.value(within: .seconds(2), on: EventLoopExecutor(eventLoop)) {
            // Where it cannot be told, the exit status says it.
            try? await RuntimeAPI(at: address, on: eventLoop).failInitialization(failure)
        } else: {
            // Nothing is left to be done about it.
        }
    }
}
