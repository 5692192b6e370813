import Synchronization

/// The state of this process with regard to shutdown: it serves requests, or it drains.
package final class Readiness: Sendable {
    private let draining = Atomic(false)

    package init() {}

    /// Marks the process as draining: it finishes the requests that it has.
    package func beginDrain() { draining.store(true, ordering: .relaxed) }

    package var isDraining: Bool { draining.load(ordering: .relaxed) }
}
