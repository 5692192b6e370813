/// A position in the list of a worker's pending entries.
package struct PendingPosition: Sendable, Equatable {
    /// The start of a range for XPENDING.
    let text: String

    private init(text: String) {
        self.text = text
    }

    /// Creates the position after an entry.
    init(after entry: String) {
        self.init(text: "(\(entry)")
    }

    /// The position before the first entry.
    package static let start = PendingPosition(text: "-")
}
