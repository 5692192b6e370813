import Synchronization

/// Whether this process still takes requests: until it was told to end.
package final class Readiness: Sendable {
    private let draining = Atomic(false)

    package init() {}

    /// From now on the process finishes what it has, and asks for no more.
    package func beginDrain() { draining.store(true, ordering: .relaxed) }

    package var isDraining: Bool { draining.load(ordering: .relaxed) }
}
