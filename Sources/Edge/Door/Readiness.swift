import Synchronization

/// Whether this process still takes requests: until it was told to end.
public final class Readiness: Sendable {
    private let draining = Atomic(false)

    public init() {}

    /// From now on the process finishes what it has, and asks for no more.
    public func beginDrain() { draining.store(true, ordering: .relaxed) }

    public var isDraining: Bool { draining.load(ordering: .relaxed) }
}
