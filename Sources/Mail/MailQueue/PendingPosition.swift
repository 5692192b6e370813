/// A position in the lists of a worker's pending entries, of which each stream has one.
package struct PendingPosition: Sendable, Equatable {
    /// The priority of the stream.
    let priority: MailPriority
    /// The start of a range for XPENDING.
    let text: String

    private init(_ priority: MailPriority, _ text: String) {
        self.priority = priority
        self.text = text
    }

    /// Creates the position after an entry.
    init(after entry: String, of priority: MailPriority) {
        self.init(priority, "(\(entry)")
    }

    /// The position before the first entry of a stream.
    static func start(of priority: MailPriority) -> PendingPosition { PendingPosition(priority, "-") }

    /// The position before the first entry of all streams.
    package static let start = start(of: .high)
}
